// The form for everybody: say what is wrong and where, get a receipt, see how far it is.

import { find, h, toast } from "./dom.js";
import { say } from "./request_words.js";
import { get, post, send as sendFile } from "./server.js";
import { current, moment, said, turn } from "./words.js";

const MARGIN = 12;
const LINE_PX = 13;
const PHOTOS = "image/jpeg,image/png,image/webp";
let offered = null;
let spot = null;
let key = fresh();
let shown = null;

function fresh() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((each) => each.toString(16).padStart(2, "0")).join("");
}

async function attempt(work) {
  try {
    return await work();
  } catch (problem) {
    toast(problem.message, true);
    return null;
  }
}

const field = (name, input, note) =>
  h("label", {}, say(name), input, note ? h("span", { class: "note" }, note) : null);
const choice = (name, options) =>
  h("select", { name }, h("option", { value: "" }, say("unknown")),
    ...Object.entries(options).map(([code, each]) => h("option", { value: code }, said(each))));

function drawForm() {
  const text = h("textarea", { name: "text", required: true, maxlength: offered.longest });
  const canvas = h("canvas", { "aria-label": say("map") });
  const form = h("form", { onsubmit: send },
    field("text", text),
    field("place", h("input", { name: "place", maxlength: 200, placeholder: say("place_hint") })),
    h("div", {}, h("span", {}, say("map")), canvas, h("div", { class: "side" },
      h("button", { type: "button", class: "tool", onclick: () => locate(canvas) }, say("here")),
      h("button", { type: "button", class: "tool", onclick: () => point(canvas, null) }, say("unpoint")))),
    field("category", choice("category", offered.categories)),
    field("kind", choice("kind", offered.kinds)),
    field("subject", h("input", { name: "title", maxlength: 200 })),
    field("name", h("input", { name: "name", maxlength: 100, autocomplete: "name" })),
    field("phone", h("input", { name: "phone", maxlength: 40, type: "tel", autocomplete: "tel" }), say("private")),
    ...(offered.photos ? [field("photos", h("input", { name: "photos", type: "file", accept: PHOTOS, multiple: true }), `${say("photos_note")} (≤ ${offered.photos})`)] : []),
    h("label", { class: "tick" }, h("input", { type: "checkbox", name: "secret" }), say("secret")),
    h("button", { class: "send" }, say("send")));
  find("form").replaceChildren(h("p", {}, say("lead")), form);
  canvas.onclick = (event) => point(canvas, earth(canvas, event.offsetX, event.offsetY));
  requestAnimationFrame(() => drawMap(canvas));
}

/** Where the ground lies on the canvas: its scale, and the corner from which it counts, in the middle. */
function view(canvas) {
  const [west, south, east, north] = offered.box;
  const squeeze = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const scale = Math.min(
    (canvas.clientWidth - 2 * MARGIN) / ((east - west) * squeeze), (canvas.clientHeight - 2 * MARGIN) / (north - south));
  const left = (canvas.clientWidth - (east - west) * squeeze * scale) / 2;
  return { scale, squeeze, west, north, left };
}

function earth(canvas, x, y) {
  const { scale, squeeze, west, north, left } = view(canvas);
  return { lon: west + (x - left) / scale / squeeze, lat: north - (y - MARGIN) / scale };
}

function drawMap(canvas) {
  const { scale, squeeze, west, north, left } = view(canvas);
  const ratio = devicePixelRatio || 1;
  canvas.width = canvas.clientWidth * ratio;
  canvas.height = canvas.clientHeight * ratio;
  const pen = canvas.getContext("2d");
  const style = getComputedStyle(document.documentElement);
  const place = ([lon, lat]) => [left + (lon - west) * squeeze * scale, MARGIN + (north - lat) * scale];
  pen.scale(ratio, ratio);
  pen.strokeStyle = style.getPropertyValue("--outline");
  for (const ring of offered.outline) {
    pen.beginPath();
    ring.forEach((each, at) => (at ? pen.lineTo(...place(each)) : pen.moveTo(...place(each))));
    pen.stroke();
  }
  pen.fillStyle = style.getPropertyValue("--quiet");
  pen.font = "11px system-ui, sans-serif";
  const written = []; // names that would lie over another one are left out
  for (const street of offered.streets) {
    const [x, y] = place([street.lon, street.lat]);
    const end = x + pen.measureText(said(street.name)).width;
    if (written.some((each) => x < each.end && each.x < end && Math.abs(each.y - y) < LINE_PX)) continue;
    written.push({ x, y, end });
    pen.fillText(said(street.name), x, y);
  }
  if (!spot) return;
  const [x, y] = place([spot.lon, spot.lat]);
  pen.fillStyle = style.getPropertyValue("--accent");
  pen.beginPath();
  pen.arc(x, y, 7, 0, 2 * Math.PI);
  pen.fill();
}

function point(canvas, where) {
  spot = where;
  drawMap(canvas);
}

function locate(canvas) {
  if (!navigator.geolocation) return toast(say("no_position"), true);
  return navigator.geolocation.getCurrentPosition(
    ({ coords }) => point(canvas, { lon: coords.longitude, lat: coords.latitude }), () => toast(say("no_position"), true));
}

async function send(event) {
  event.preventDefault();
  const form = event.target;
  const given = Object.fromEntries(new FormData(form));
  const { name, phone, secret, photos: _photos, ...rest } = given;
  const photos = [...(form.elements.photos?.files ?? [])];
  if (photos.length > offered.photos) return toast(`${say("photos")} ≤ ${offered.photos}`, true);
  const body = { ...rest, key, secret: secret === "on", contact: { name, phone }, ...(spot ?? {}) };
  const button = form.querySelector(".send");
  button.disabled = true;
  button.textContent = say("sending");
  const made = await attempt(() => post("requests", body));
  if (made) await added(made.receipt, photos);
  button.disabled = false;
  button.textContent = say("send");
  if (!made) return undefined; // under the same key it may be sent again: it is taken once
  key = fresh();
  spot = null;
  shown = made;
  find("form").replaceChildren(h("button", { type: "button", class: "tool", onclick: drawForm }, say("again")));
  drawTold();
  return undefined;
}

/** Send photos after a request that is taken already; one that is refused leaves the others. */
async function added(receipt, photos) {
  for (const photo of photos) {
    await attempt(() => sendFile(`requests/receipts/${encodeURIComponent(receipt)}/photos?name=${encodeURIComponent(photo.name)}`, photo));
  }
}

function drawTrack() {
  const input = h("input", { name: "receipt", required: true, placeholder: say("track"), "aria-label": say("track"), autocomplete: "off" });
  input.value = shown?.receipt ?? "";
  const look = async (event) => {
    event.preventDefault();
    const asked = input.value.trim();
    const found = await attempt(() => get(`requests/receipts/${encodeURIComponent(asked)}`));
    if (found) {
      shown = { ...found, receipt: asked.toUpperCase() };
      drawTold();
    }
  };
  find("track").replaceChildren(h("h2", {}, say("ask")), h("form", { onsubmit: look }, input, h("button", { class: "tool" }, say("look"))));
}

function drawTold() {
  if (!shown) return;
  const lines = [
    ["state", `${say(shown.state)}${shown.urgent ? ` · ${say("urgent")}` : ""}`], ["code", shown.code],
    ["category", said(shown.category, say("pending"))], ["agency", said(shown.agency, say("pending"))],
    ["received", moment(shown.received_ms)], ["due", moment(shown.answer_due_ms)], ["answer", shown.answer],
  ];
  find("told").replaceChildren(
    h("h2", {}, say("sent")), h("p", { class: "note" }, say("receipt")), h("p", { class: "receipt", id: "receipt" }, shown.receipt),
    h("dl", {}, ...lines.filter(([, text]) => text).flatMap(([name, text]) => [h("dt", {}, say(name)), h("dd", {}, text)])),
    h("ol", {}, ...shown.acts.map((each) => h("li", {}, `${moment(each.at_ms)} ${say(each.verb)}`))));
}

function labels() {
  document.documentElement.lang = current();
  document.title = `${said(offered.district)} · ${say("title")}`;
  find("title").textContent = `${said(offered.district)} ${say("title")}`;
  find("danger").textContent = say("danger");
  find("language").textContent = say("other");
  const made = said(offered.synthetic);
  find("synthetic").hidden = !made;
  find("synthetic").textContent = made.split(/[:：;；]/)[0];
  find("synthetic").title = made;
}

function draw() {
  labels();
  drawForm();
  drawTrack();
  drawTold();
}

async function start() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  document.documentElement.dataset.theme = localStorage.getItem("borough.theme") || dark;
  offered = await get("requests/form");
  find("language").onclick = () => {
    turn();
    draw();
  };
  draw();
}

attempt(start);
