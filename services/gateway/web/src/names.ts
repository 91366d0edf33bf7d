// Words for the members of the product's enums and for figures, from the catalog of texts. Every name that this release
// knows has one (tests walk them); a name of a later release, which no text can know, reads as it is written.

import { sentence } from "./format";
import { has, t } from "./texts";

const named =
  (family: string) =>
  (name: string): string =>
    has(`${family}.${name}`) ? t(`${family}.${name}`) : sentence(name);

export const channelName = named("channel");
export const modelName = named("page.model");
export const stateName = named("page.stock_state");
export const severityName = named("severity");
export const priorityName = named("page.priority");
const plainFigureName = named("page.figure");

/** The name of a figure; `foreign_spend.SEK` is one of its currency. */
export function figureName(name: string): string {
  const [figure = "", currency] = name.split(".");
  return currency ? t(`page.figure.${figure}`, { currency }) : plainFigureName(name);
}
