// Every thing as a point, written straight into pixels.

const NOWHERE = -2147483648;
const MICRO = 1e-6;
const ALPHA = 105;
const MORE = 38;
const SILENT = 2;
const SLOW_MS = 24;
const FEWER = 3;
const LARGEST = 4;
const SHARPEST = 2;
const FILL = 0.22;


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
    this.area = spread(this.x) * spread(this.y);
  }

  /** While the map is moved on a machine too slow for all points, a third of them must do. */
  draw(canvas, view, sharp, colours, busy) {
    const began = performance.now();
    const step = busy && this.took > SLOW_MS ? FEWER : 1;
    const { width, height } = canvas;
    const pen = canvas.getContext("2d", { alpha: true });
    if (!this.image || this.image.width !== width || this.image.height !== height) {
      this.image = pen.createImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    this.pixels.fill(0);
    const paint = ["unheard", "fresh", "silent"].map((name) => bgr(colours[name]));
    const between = Math.sqrt(this.area / Math.max(this.many, 1)) * view.scale;
    const radius = Math.max(0, Math.min(LARGEST, Math.round(between * FILL))) * sharp;
    const stamp = disc(Math.round(radius), width);
    // What is silent is written last, over its healthy neighbours.
    for (const last of [false, true]) this.pass(width, height, view, sharp, paint, stamp, last, step);
    pen.putImageData(this.image, 0, 0);
    if (step === 1) this.took = performance.now() - began;
  }

  pass(width, height, view, sharp, paint, stamp, silent, step) {
    const { x, y, state, pixels, many } = this;
    const scale = view.scale * sharp;
    const left = width / 2 - view.x * scale;
    const top = height / 2 - view.y * scale;
    const edge = LARGEST * SHARPEST + 1;
    const right = width - edge;
    const bottom = height - edge;
    const known = state.length === many;
    const shape = stamp.length;
    for (let i = 0; i < many; i += step) {
      const mine = known ? state[i] : 0;
      if ((mine === SILENT) !== silent) continue;
      const px = x[i] * scale + left;
      const py = y[i] * scale + top;
      // Written so that a thing without a place, NaN, is left out too.
      if (!(px >= edge && py >= edge && px < right && py < bottom)) continue;
      const at = (py | 0) * width + (px | 0);
      const colour = paint[mine > SILENT ? 1 : mine];
      for (let k = 0; k < shape; k++) {
        const there = at + stamp[k];
        const had = pixels[there] >>> 24;
        const alpha = had ? Math.min(255, had + MORE) : ALPHA;
        pixels[there] = (alpha << 24) | colour;
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

/** How far apart the outermost values are. */
function spread(values) {
  let low = Infinity;
  let high = -Infinity;
  for (const each of values) {
    if (each < low) low = each;
    if (each > high) high = each;
  }
  return Math.max(high - low, 0);
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
