// The way from one page to the others, and who is signed in, in the header of each.

import { find, h } from "./dom.js";
import { me } from "./server.js";
import { drawWho } from "./who.js";
import { word } from "./words.js";

/** Each page with the right to read what it shows; whoever may not is not led there. */
const PAGES = {
  queue: "cases.read", requests: "requests.read", posts: "posts.read", scenes: "scenes.read",
  evaluations: "evaluations.read", appraisals: "appraisals.read", facts: "facts.read",
};
const MAP = ["", "index"];
const open = Object.keys(PAGES).filter((each) => !me.signed_in || me.rights.includes(PAGES[each]));
const here = location.pathname.split("/").pop().replace(".html", "");
const bar = document.querySelector("header.bar");
const ways = h("nav", { class: "ways" });
bar.append(ways);
if (!find("me")) bar.querySelector(".tools:not(nav)")?.append(h("span", { id: "me", class: "tools" }));

function draw() {
  ways.setAttribute("aria-label", word("ways"));
  ways.replaceChildren(h("a", { href: "/", "aria-current": MAP.includes(here) ? "page" : null }, word("map_page")),
    ...open.map((each) => h("a", { href: `/console/${each}.html`, "aria-current": each === here ? "page" : null }, word(each))));
  drawWho(find("me"));
}

document.addEventListener("turned", draw);
draw();
