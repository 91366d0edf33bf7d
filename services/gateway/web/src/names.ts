// Words for the members of the product's enums, from the catalog of texts; what it lacks is read from the member's name.

import { sentence } from "./format";
import { has, t } from "./texts";

const named =
  (family: string) =>
  (name: string): string =>
    has(`${family}.${name}`) ? t(`${family}.${name}`) : sentence(name);

export const channelName = named("page.channel");
export const modelName = named("page.model");
export const stateName = named("page.stock_state");
export const severityName = named("severity");
export const priorityName = named("page.priority");
export const figureName = named("page.figure");
