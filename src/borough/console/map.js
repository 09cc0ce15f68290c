// The map: ground as lines, every thing as a point, open detections as marks that pulse.
//
// Three canvases lie on each other. Points are written straight into pixels, which keeps
// hundreds of thousands of them smooth; lines and marks are few and drawn as shapes.

import { Lines } from "./lines.js";
import { Points } from "./points.js";

const SHARPEST = 2;
const NEAREST = 12;
const NEAR = 20;
const STILL_MS = 140;
const PULSE_MS = 1800;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Map2D {
  constructor(box, { pick, mark }) {
    this.box = box;
    this.layers = ["points", "lines", "marks"].map((name) => {
      const canvas = document.createElement("canvas");
      canvas.className = name;
      box.append(canvas);
      return canvas;
    });
    this.points = new Points();
    this.lines = new Lines();
    this.alarms = [];
    this.told = [];
    this.view = { x: 0, y: 0, scale: 1 };
    this.bounds = null;
    this.selected = null;
    this.onpick = pick;
    this.onmark = mark;
    this.moving = 0;
    new ResizeObserver(() => this.resize()).observe(box);
    this.listen();
    this.resize();
    const beat = (at) => {
      if (!document.hidden) this.drawMarks(at);
      requestAnimationFrame(beat);
    };
    requestAnimationFrame(beat);
  }

  /** Where a place lies in the map's own plane: longitudes shortened as at this latitude. */
  project(lon, lat) {
    return [(lon - this.origin[0]) * this.shrink, this.origin[1] - lat];
  }

  setOutline(collection) {
    const rings = collection.features.flatMap((each) => each.geometry.coordinates.flat());
    const all = rings.flat();
    const west = Math.min(...all.map((p) => p[0]));
    const east = Math.max(...all.map((p) => p[0]));
    const south = Math.min(...all.map((p) => p[1]));
    const north = Math.max(...all.map((p) => p[1]));
    this.origin = [west, north];
    this.shrink = Math.cos((((south + north) / 2) * Math.PI) / 180);
    const [right, bottom] = this.project(east, south);
    this.bounds = { right, bottom };
    this.lines.outline = rings.map((ring) => this.path(ring));
    this.setAlarms(this.told);
    this.whole();
  }

  path(ring) {
    const flat = new Float32Array(ring.length * 2);
    ring.forEach(([lon, lat], at) => {
      const [x, y] = this.project(lon, lat);
      flat[at * 2] = x;
      flat[at * 2 + 1] = y;
    });
    return flat;
  }

  setGrids(collection) {
    this.lines.setGrids(
      collection.features.map((each) => this.path(each.geometry.coordinates[0])),
    );
    this.draw();
  }

  setStreets(collection) {
    this.lines.streets = collection.features.map((each) => {
      const [x, y] = this.project(...each.geometry.coordinates);
      return { x, y, name: each.properties.name };
    });
    this.draw();
  }

  setPoints(buffer) {
    this.points.load(buffer, (lon, lat) => this.project(lon, lat));
    this.draw();
  }

  setStates(buffer) {
    this.points.state = new Uint8Array(buffer);
    this.draw();
  }

  /** Show these detections: [{id, lon, lat, rank}], rank 0 being the gravest. */
  setAlarms(alarms) {
    this.told = alarms;
    if (!this.bounds) return;
    this.alarms = alarms
      .filter((each) => each.lon !== null && each.lon !== undefined)
      .map((each) => {
        const [x, y] = this.project(each.lon, each.lat);
        return { ...each, x, y };
      });
  }

  whole() {
    if (!this.bounds || !this.width) return;
    const { right, bottom } = this.bounds;
    const fit = Math.min((this.width * 0.92) / right, (this.height * 0.9) / bottom);
    this.least = fit / 2;
    this.view = { x: right / 2, y: bottom / 2, scale: fit };
    this.fitted = true;
    this.draw();
  }

  /** Come to a place, near enough to tell neighbours apart. */
  goto(lon, lat) {
    if (!this.bounds) return;
    const [x, y] = this.project(lon, lat);
    this.view = { x, y, scale: Math.max(this.view.scale, this.least * NEAR) };
    this.selected = { x, y };
    this.touched();
  }

  unselect() {
    this.selected = null;
  }

  resize() {
    const had = this.width;
    this.width = this.box.clientWidth;
    this.height = this.box.clientHeight;
    this.sharp = Math.min(devicePixelRatio || 1, SHARPEST);
    for (const canvas of this.layers) {
      canvas.width = Math.max(1, Math.round(this.width * this.sharp));
      canvas.height = Math.max(1, Math.round(this.height * this.sharp));
    }
    if (this.bounds && (this.fitted || !had)) this.whole();
    else this.draw();
  }

  zoom(by, x = this.width / 2, y = this.height / 2) {
    const { view } = this;
    const scale = Math.min(Math.max(view.scale * by, this.least), this.least * 2 ** NEAREST);
    view.x += (x - this.width / 2) * (1 / view.scale - 1 / scale);
    view.y += (y - this.height / 2) * (1 / view.scale - 1 / scale);
    view.scale = scale;
    this.touched();
  }

  move(dx, dy) {
    this.view.x -= dx / this.view.scale;
    this.view.y -= dy / this.view.scale;
    this.touched();
  }

  touched() {
    this.fitted = false;
    this.moving = performance.now();
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.draw(), STILL_MS);
    this.draw();
  }

  draw() {
    if (this.drawing || !this.bounds) return;
    this.drawing = true;
    requestAnimationFrame(() => {
      this.drawing = false;
      const colours = this.colours();
      const busy = performance.now() - this.moving < STILL_MS;
      this.points.draw(this.layers[0], this.view, this.sharp, colours, busy);
      this.lines.draw(this.layers[1], this.view, this.sharp, colours, this.least, busy);
    });
  }

  colours() {
    const style = getComputedStyle(this.box);
    const names = ["unheard", "fresh", "silent", "rank0", "rank1", "rank2", "rank3",
      "outline", "grid", "ground", "label", "halo"];
    return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  }

  screen(each) {
    return [
      (each.x - this.view.x) * this.view.scale + this.width / 2,
      (each.y - this.view.y) * this.view.scale + this.height / 2,
    ];
  }

  drawMarks(at) {
    const pen = this.layers[2].getContext("2d");
    pen.setTransform(this.sharp, 0, 0, this.sharp, 0, 0);
    pen.clearRect(0, 0, this.width, this.height);
    if (!this.alarms.length && !this.selected) return;
    const colours = this.colours();
    const phase = calm.matches ? 0.3 : (at % PULSE_MS) / PULSE_MS;
    for (const each of [...this.alarms].sort((a, b) => b.rank - a.rank)) {
      const [x, y] = this.screen(each);
      if (x < -30 || y < -30 || x > this.width + 30 || y > this.height + 30) continue;
      const colour = colours[`rank${Math.min(each.rank, 3)}`];
      pen.strokeStyle = pen.fillStyle = colour;
      pen.globalAlpha = (1 - phase) * 0.8;
      pen.lineWidth = 2;
      pen.beginPath();
      pen.arc(x, y, 6 + 12 * phase, 0, 7);
      pen.stroke();
      pen.globalAlpha = 1;
      pen.beginPath();
      pen.arc(x, y, 5, 0, 7);
      pen.fill();
      pen.lineWidth = 1.5;
      pen.strokeStyle = colours.halo;
      pen.stroke();
    }
    if (this.selected) {
      const [x, y] = this.screen(this.selected);
      pen.lineWidth = 2.5;
      pen.strokeStyle = colours.label;
      pen.beginPath();
      pen.arc(x, y, 13, 0, 7);
      pen.stroke();
    }
  }

  /** Find what is under a place on the screen: a mark first, then the nearest point. */
  under(x, y, reach) {
    let best = null;
    let near = (reach + 4) ** 2;
    for (const each of this.alarms) {
      const [ax, ay] = this.screen(each);
      const far = (ax - x) ** 2 + (ay - y) ** 2;
      if (far < near) {
        near = far;
        best = each;
      }
    }
    if (best) return { mark: best };
    const row = this.points.nearest(
      this.view.x + (x - this.width / 2) / this.view.scale,
      this.view.y + (y - this.height / 2) / this.view.scale,
      reach / this.view.scale,
    );
    return row < 0 ? null : { row };
  }

  listen() {
    const held = new Map();
    let travelled = 0;
    const place = (event) => {
      const { left, top } = this.box.getBoundingClientRect();
      return [event.clientX - left, event.clientY - top];
    };
    this.box.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      this.box.setPointerCapture(event.pointerId);
      held.set(event.pointerId, place(event));
      travelled = held.size > 1 ? Infinity : 0;
    });
    this.box.addEventListener("pointermove", (event) => {
      if (!held.has(event.pointerId)) return;
      const [x, y] = place(event);
      const [px, py] = held.get(event.pointerId);
      travelled += Math.abs(x - px) + Math.abs(y - py);
      if (held.size === 2) {
        const [ox, oy] = [...held].find(([id]) => id !== event.pointerId)[1];
        const by = Math.hypot(x - ox, y - oy) / Math.max(Math.hypot(px - ox, py - oy), 1);
        this.zoom(by, (x + ox) / 2, (y + oy) / 2);
        this.move((x - px) / 2, (y - py) / 2);
      } else if (travelled > 3) {
        this.move(x - px, y - py);
      }
      held.set(event.pointerId, [x, y]);
    });
    const release = (event) => {
      const mine = held.delete(event.pointerId);
      if (!mine || event.type !== "pointerup" || held.size || travelled > 5) return;
      const found = this.under(...place(event), event.pointerType === "touch" ? 18 : 9);
      if (found?.mark) this.onmark(found.mark);
      else if (found) this.onpick(found.row);
    };
    this.box.addEventListener("pointerup", release);
    this.box.addEventListener("pointercancel", release);
    this.box.addEventListener("dblclick", (event) => this.zoom(2, ...place(event)));
    this.box.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        this.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), ...place(event));
      },
      { passive: false },
    );
    this.box.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    const acts = {
      ArrowLeft: () => this.move(60, 0),
      ArrowRight: () => this.move(-60, 0),
      ArrowUp: () => this.move(0, 60),
      ArrowDown: () => this.move(0, -60),
      "+": () => this.zoom(1.5),
      "=": () => this.zoom(1.5),
      "-": () => this.zoom(1 / 1.5),
      0: () => this.whole(),
    };
    if (event.ctrlKey || event.metaKey || event.altKey || !acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  }
}
