// The way from one page to the others, and who is signed in, in the header of each.

import { find, h } from "./dom.js";
import { drawWho } from "./who.js";
import { word } from "./words.js";

const PAGES = ["queue", "requests", "posts", "scenes", "evaluations", "appraisals", "facts"];
const here = location.pathname.split("/").pop().replace(".html", "");
const bar = document.querySelector("header.bar");
const ways = h("nav", { class: "ways" });
bar.append(ways);
if (!find("me")) bar.querySelector(".tools:not(nav)")?.append(h("span", { id: "me", class: "tools" }));

function draw() {
  ways.setAttribute("aria-label", word("ways"));
  ways.replaceChildren(h("a", { href: "/" }, word("map_page")),
    ...PAGES.map((each) => h("a", { href: `/console/${each}.html`, "aria-current": each === here ? "page" : null }, word(each))));
  drawWho(find("me"));
}

document.addEventListener("turned", draw);
draw();
