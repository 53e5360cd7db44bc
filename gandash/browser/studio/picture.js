// A canvas that shows samples: images with square pixels, points over a cloud of others.
import { element } from "./elements.js";

const CLOUD_SIDE = 256;
const CLOUD_EDGE = 0.08; // of the side, left free around the cloud

export class Picture {
  // cloud: for points, those to show it among. Without a label it is a part of what is named.
  constructor(shape, label, cloud = null) {
    this.shape = shape;
    this.cloud = cloud;
    const [height, width] = cloud ? [CLOUD_SIDE, CLOUD_SIDE] : shape.slice(1);
    const named = label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" };
    this.canvas = element("canvas", { width, height, ...named });
    if (cloud) this.canvas.classList.add("smooth");
  }

  // sample: pixels with alpha, or a point
  draw(sample) {
    if (this.cloud) drawPoint(this.canvas, this.cloud, sample);
    else drawPixels(this.canvas, sample);
    this.canvas.dataset.drawn = String(Number(this.canvas.dataset.drawn ?? 0) + 1);
  }
}

function drawPixels(canvas, pixels) {
  const { width, height } = canvas;
  const image = new ImageData(new Uint8ClampedArray(pixels), width, height);
  canvas.getContext("2d").putImageData(image, 0, 0);
}

function drawPoint(canvas, cloud, point) {
  const context = canvas.getContext("2d");
  const style = getComputedStyle(canvas);
  const place = placesIn(cloud, canvas.width);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = style.color;
  context.globalAlpha = 0.35;
  cloud.forEach((other) => context.fillRect(...place(other).map((value) => value - 1), 2, 2));
  context.globalAlpha = 1;
  context.fillStyle = style.accentColor;
  context.beginPath();
  context.arc(...place(point), 5, 0, 2 * Math.PI);
  context.fill();
}

// A function from points to pixels of a square that holds the cloud.
function placesIn(cloud, side) {
  const extremes = [0, 1].map((axis) => {
    const values = cloud.map((point) => point[axis] ?? 0);
    return [Math.min(...values), Math.max(...values)];
  });
  const widest = Math.max(...extremes.map(([least, most]) => most - least), 1e-6);
  const scale = (side * (1 - 2 * CLOUD_EDGE)) / widest;
  const middle = extremes.map(([least, most]) => (least + most) / 2);
  return (point) => [
    side / 2 + ((point[0] ?? 0) - middle[0]) * scale,
    side / 2 - ((point[1] ?? 0) - middle[1]) * scale,
  ];
}
