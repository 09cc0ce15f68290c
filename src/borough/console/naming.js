// What codes are called, in our language: posts, places, roles, who acted; read once for each page.

import { get } from "./server.js";
import { said } from "./words.js";

let names = {};
try {
  names = await get("names");
} catch {
  // Who may not read them, or finds the server away, sees codes.
}

const name = (kind) => (code) => said(names[kind]?.[code], code ?? "");

export const posted = name("posts");
export const placed = name("places");
export const roled = name("roles");
export const shifted = name("shifts");
export const skilled = name("skills");
export const channelled = name("channels");
export const asked = name("answers");
export const scened = name("scenes");
export const actor = name("actors");
export const done = name("verbs");
export const sourced = name("sources");
export const banded = name("bands");
const sort = name("subjects");

/** What something was done to, such as "case 12". */
export const subject = (text) => {
  const [kind, ...rest] = text.split(" ");
  return [sort(kind), ...rest].join(" ");
};

/** All posts as pairs of code and name, for whoever chooses one. */
export const posts = () => Object.entries(names.posts ?? {}).map(([code, each]) => [code, said(each)]);

/** All places so: those whose code is as long as a street's, or all of them. */
export const places = (digits = 0) => Object.entries(names.places ?? {}).filter(([code]) => !digits || code.length === digits).map(([code, each]) => [code, said(each)]);

/** The code that a name was chosen for; the text itself where it is none of the names. */
export const coded = (listed, text) => listed.find(([code, said_]) => said_ === text || code === text)?.[0] ?? text;
