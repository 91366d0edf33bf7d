import { useEffect, useState } from "react";
import { age, money } from "../format";
import { useBooks, useQuarantine, useSettings } from "../queries";
import type { Book, Books, BrandView } from "../schema";
import { t } from "../texts";

/** The proof that what attribution gave away is what was earned, and the bodies that could not be read. */
export function Footer({ brand }: { brand: BrandView }) {
  const books = useBooks(brand.brand_id);
  const settings = useSettings(brand.brand_id);
  const now = useNow(5_000);
  return (
    <footer>
      {books.data ? (
        <BooksLine books={books.data} model={settings.data?.default_model} now={now} />
      ) : (
        <p>{books.isError ? t("page.books.unreadable") : t("page.books.reading")}</p>
      )}
      <QuarantineLine />
      <p>
        <a href="/docs">{t("page.api")}</a>
      </p>
    </footer>
  );
}

function QuarantineLine() {
  const { data } = useQuarantine();
  if (!data) return <p />;
  const first = data.messages[0]?.explanation ?? "";
  return <p>{data.total ? t("page.quarantine.some", { count: data.total, first }) : t("page.quarantine.empty")}</p>;
}

function BooksLine({ books, model, now }: { books: Books; model: string | undefined; now: number }) {
  const book = books.books.find((each) => each.model === model) ?? books.books[0];
  if (!book || book.model === null) return <p>{t("page.books.none")}</p>;
  const tone = books.balanced ? "balanced" : book.orders > book.orders_credited ? "settling" : "off";
  return (
    <p className={`books ${tone}`}>
      <strong>{books.balanced ? t("page.books.balance") : unbalanced(book)}</strong>
      <span>{t("page.count.orders", { count: book.orders })}</span>
      <span>{t("page.books.revenue", { amount: money(book.sales, book.currency) })}</span>
      <span>{t("page.books.credited", { amount: money(book.credited, book.currency) })}</span>
      <span>{t("page.books.difference", { amount: money(book.difference, book.currency) })}</span>
      {books.newest_at && <span>{t("page.books.age", { age: age(now - Date.parse(books.newest_at)) })}</span>}
    </p>
  );
}

function unbalanced(book: Book): string {
  const waiting = book.orders - book.orders_credited;
  return waiting > 0 ? t("page.books.settling", { count: waiting }) : t("page.books.off");
}

function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
