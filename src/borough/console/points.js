// Every thing as a point, written straight into pixels.

const NOWHERE = -2147483648;
const MICRO = 1e-6;
const ALPHA = 105;
const MORE = 38;
const SILENT = 2;

export class Points {
  constructor() {
    this.many = 0;
    this.state = new Uint8Array(0);
  }

  /** Take the columns of /api/v1/map/points: "BPT1", count, longitudes, latitudes, kinds. */
  load(buffer, project) {
    const many = new DataView(buffer).getUint32(4, true);
    const lon = new Int32Array(buffer, 8, many);
    const lat = new Int32Array(buffer, 8 + many * 4, many);
    this.kind = new Uint8Array(buffer, 8 + many * 8, many);
    this.x = new Float32Array(many).fill(NaN);
    this.y = new Float32Array(many).fill(NaN);
    for (let i = 0; i < many; i++) {
      if (lon[i] === NOWHERE) continue;
      const [x, y] = project(lon[i] * MICRO, lat[i] * MICRO);
      this.x[i] = x;
      this.y[i] = y;
    }
    this.many = many;
  }

  draw(canvas, view, sharp, colours) {
    const { width, height } = canvas;
    const pen = canvas.getContext("2d", { alpha: true });
    if (!this.image || this.image.width !== width || this.image.height !== height) {
      this.image = pen.createImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    this.pixels.fill(0);
    const paint = ["unheard", "fresh", "silent", "fresh"].map((name) => bgr(colours[name]));
    const perPoint = Math.sqrt(1 / Math.max(this.many, 1)) * view.scale * 0.5;
    const radius = Math.max(0, Math.min(4, Math.round(perPoint * 1.6 * sharp)));
    const stamp = disc(radius, width);
    // What is silent is written last, over its healthy neighbours.
    for (const last of [false, true]) this.pass(width, height, view, sharp, paint, stamp, radius, last);
    pen.putImageData(this.image, 0, 0);
  }

  pass(width, height, view, sharp, paint, stamp, radius, silent) {
    const { x, y, state, pixels, many } = this;
    const scale = view.scale * sharp;
    const left = width / 2 - view.x * scale;
    const top = height / 2 - view.y * scale;
    const edge = radius + 1;
    const known = state.length === many;
    for (let i = 0; i < many; i++) {
      const mine = known ? state[i] : 0;
      if ((mine === SILENT) !== silent) continue;
      const px = (x[i] * scale + left) | 0;
      const py = (y[i] * scale + top) | 0;
      if (!(px >= edge && py >= edge && px < width - edge && py < height - edge)) continue;
      const at = py * width + px;
      const colour = paint[mine > SILENT ? 3 : mine];
      for (let k = 0; k < stamp.length; k++) {
        const there = at + stamp[k];
        const had = pixels[there] >>> 24;
        const alpha = had ? Math.min(255, had + MORE) : ALPHA;
        pixels[there] = ((alpha << 24) | colour) >>> 0;
      }
    }
  }

  /** The row of the point nearest to a place in the plane, or -1 beyond the reach. */
  nearest(x, y, reach) {
    let best = -1;
    let near = reach * reach;
    for (let i = 0; i < this.many; i++) {
      const far = (this.x[i] - x) ** 2 + (this.y[i] - y) ** 2;
      if (far < near) {
        near = far;
        best = i;
      }
    }
    return best;
  }
}

/** Where the pixels of a small disc lie, relative to its centre. */
function disc(radius, width) {
  const out = [];
  for (let dy = -radius; dy <= radius; dy++) {
    for (let dx = -radius; dx <= radius; dx++) {
      if (dx * dx + dy * dy <= radius * radius + 0.5) out.push(dy * width + dx);
    }
  }
  return Int32Array.from(out);
}

/** A colour "#rrggbb" as the bytes of a pixel, without its alpha. */
function bgr(colour) {
  const value = Number.parseInt(colour.slice(1), 16);
  return ((value & 0xff) << 16) | (value & 0xff00) | (value >> 16);
}
