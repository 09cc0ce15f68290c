// The ground as lines: the border, grids once they are large enough, and names of streets.

import { said } from "./words.js";

const GRID_PX = 26;
const WHILE_MOVING = 700;

export class Lines {
  constructor() {
    this.outline = [];
    this.grids = [];
    this.streets = [];
    this.side = 0;
  }

  setGrids(paths) {
    this.grids = paths.map((path) => ({ path, box: boxOf(path) }));
    const sides = this.grids.map(({ box }) => box[2] - box[0]).sort((a, b) => a - b);
    this.side = sides[Math.floor(sides.length / 2)] ?? 0;
  }

  draw(canvas, view, sharp, colours, least, busy) {
    const pen = canvas.getContext("2d");
    const { width, height } = canvas;
    const scale = view.scale * sharp;
    const left = width / 2 - view.x * scale;
    const top = height / 2 - view.y * scale;
    const trace = (path) => {
      for (let i = 0; i < path.length; i += 2) {
        const x = path[i] * scale + left;
        const y = path[i + 1] * scale + top;
        if (i) pen.lineTo(x, y);
        else pen.moveTo(x, y);
      }
    };
    pen.clearRect(0, 0, width, height);
    if (this.side * view.scale > GRID_PX) {
      const seen = this.grids.filter(
        ({ box }) =>
          box[2] * scale + left > 0 && box[0] * scale + left < width &&
          box[3] * scale + top > 0 && box[1] * scale + top < height,
      );
      if (!busy || seen.length < WHILE_MOVING) {
        pen.strokeStyle = colours.grid;
        pen.lineWidth = sharp;
        pen.beginPath();
        for (const { path } of seen) trace(path);
        pen.stroke();
      }
    }
    pen.strokeStyle = colours.outline;
    pen.lineWidth = 1.6 * sharp;
    pen.lineJoin = "round";
    pen.beginPath();
    for (const path of this.outline) trace(path);
    pen.stroke();
    this.names(pen, { width, height, scale, left, top, sharp, colours });
  }

  /** Write names where they do not cover each other. */
  names(pen, { width, height, scale, left, top, sharp, colours }) {
    pen.font = `${12 * sharp}px system-ui, "Noto Sans CJK SC", sans-serif`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    const taken = [];
    for (const street of this.streets) {
      const x = street.x * scale + left;
      const y = street.y * scale + top;
      if (x < 0 || y < 0 || x > width || y > height) continue;
      const text = said(street.name);
      const half = pen.measureText(text).width / 2 + 6 * sharp;
      const tall = 10 * sharp;
      const box = [x - half, y - tall, x + half, y + tall];
      if (taken.some((b) => box[0] < b[2] && box[2] > b[0] && box[1] < b[3] && box[3] > b[1])) continue;
      taken.push(box);
      pen.lineWidth = 3 * sharp;
      pen.strokeStyle = colours.ground;
      pen.strokeText(text, x, y);
      pen.fillStyle = colours.label;
      pen.fillText(text, x, y);
    }
  }
}

function boxOf(path) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < path.length; i += 2) {
    box[0] = Math.min(box[0], path[i]);
    box[1] = Math.min(box[1], path[i + 1]);
    box[2] = Math.max(box[2], path[i]);
    box[3] = Math.max(box[3], path[i + 1]);
  }
  return box;
}
