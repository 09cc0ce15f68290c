// Build elements, and keep a list of them in step with data.

/** Make an element: h("button", {class: "tool", onclick: f}, "text", child). */
export function h(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(made.dataset, value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((each) => each !== null && each !== undefined));
  return made;
}

export const find = (id) => document.getElementById(id);

/**
 * Show items as children of a list, reusing the element of each key, so that focus and
 * scrolling survive a change. `draw(item)` makes an element's content; `mark` says when it changed.
 */
export function reconcile(list, items, { key, mark, draw }) {
  const had = new Map([...list.children].map((each) => [each.dataset.key, each]));
  let place = list.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    const version = mark(item);
    let row = had.get(name);
    had.delete(name);
    if (!row) {
      row = h("li", { data: { key: name } });
      list.insertBefore(row, place);
    } else if (row !== place) {
      list.insertBefore(row, place);
    } else {
      place = place.nextElementSibling;
    }
    if (row.dataset.mark !== version) {
      const held = row.contains(document.activeElement);
      row.replaceChildren(draw(item));
      row.dataset.mark = version;
      if (held) row.querySelector("button")?.focus();
    }
  }
  for (const gone of had.values()) gone.remove();
}

let pressed = false;
const waiting = new Set();

/**
 * Draw, but not under a finger: a button that is replaced before it is let go was not clicked.
 * What is drawn of news goes through here.
 */
export function steadily(draw) {
  if (pressed) waiting.add(draw);
  else draw();
}

function letGo() {
  pressed = false;
  const all = [...waiting];
  waiting.clear();
  for (const draw of all) draw();
}

addEventListener("pointerdown", () => (pressed = true), true);
for (const each of ["pointerup", "pointercancel"]) addEventListener(each, () => setTimeout(letGo), true); // behind the click
addEventListener("pointermove", (event) => pressed && !event.buttons && letGo(), true); // let go outside

let hiding = 0;

/** Say something for a few seconds. */
export function toast(text, bad = false) {
  const box = find("toast");
  box.textContent = text;
  box.classList.toggle("bad", bad);
  box.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => (box.hidden = true), 6000);
}

/**
 * Ask for something in a box of its own; gives the values by name, or null where it was left.
 * `fields` are elements with a name, each with its label: [["Hours", input], ...]. Where to be
 * `careful` is asked for, Enter leaves it. Keys of the page do nothing meanwhile.
 */
export function askFor(title, fields, { yes, no, note = "", careful = false }) {
  const rows = fields.map(([text, field]) => h(field.matches("ul, p") ? "div" : "label", {}, h("span", {}, text), field));
  const leave = h("button", { type: "button", class: "tool", autofocus: careful, onclick: () => box.close() }, no);
  const form = h("form", { method: "dialog" }, h("h2", {}, title), note ? h("p", { class: "quiet" }, note) : null, ...rows,
    h("div", { class: "buttons" }, h("button", { class: "do first", value: "yes" }, yes), leave));
  const box = h("dialog", { class: "ask", "aria-label": title, onkeydown: (event) => event.stopPropagation() }, form);
  document.body.append(box);
  return new Promise((resolve) => {
    box.onclose = () => {
      resolve(box.returnValue === "yes" ? Object.fromEntries(new FormData(form)) : null);
      box.remove();
    };
    box.showModal();
  });
}
