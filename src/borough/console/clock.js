// The district's clock, running between what the server says of it.

import { clock as time, day } from "./words.js";

export class Clock {
  constructor() {
    this.rate = 1;
    this.at = 0;
    this.heard = 0;
  }

  start({ now, rate }, box, each) {
    this.rate = rate;
    this.hear(now);
    const show = () => {
      const ms = this.now();
      box.textContent = `${day(ms)} ${time(ms)}`;
      box.dateTime = new Date(ms).toISOString();
      each();
    };
    show();
    setInterval(show, 1000);
  }

  /** Take over what the server says it is. */
  hear(district) {
    this.at = district;
    this.heard = performance.now();
  }

  now() {
    return this.at + (performance.now() - this.heard) * this.rate;
  }
}
