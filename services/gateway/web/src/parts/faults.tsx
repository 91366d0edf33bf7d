import { useFaults } from "../queries";
import { t } from "../texts";

/** What is wrong under the figures, while it is: nobody should take old figures for new ones. */
export function Faults({ brand }: { brand: string | null }) {
  const { data: faults } = useFaults(brand);
  if (!faults?.length) return null;
  return (
    <div className="notice bad" role="alert" aria-label={t("page.faults")}>
      {faults.map((fault) => (
        <p key={fault.reason + fault.work}>{fault.detail}</p>
      ))}
    </div>
  );
}
