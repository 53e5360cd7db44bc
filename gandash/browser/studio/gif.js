// GIF89a, written here so that the same frames are the same bytes in every browser. GIF fits the
// small pictures of these generators: it keeps their hard edges, and every program shows it.

const MOST_COLORS = 256;
const LARGEST_CODE = 4096;

// frames: pixels with alpha (width * height * 4), all of one size; delay in 1/100 s. A Uint8Array.
export function writeGif(frames, width, height, delay) {
  const palette = paletteOf(frames);
  const bytes = [...ascii("GIF89a"), ...word(width), ...word(height), 0xf7, 0, 0];
  palette.colors.forEach((color) => bytes.push(...color));
  bytes.push(...Array(3 * (MOST_COLORS - palette.colors.length)).fill(0));
  bytes.push(0x21, 0xff, 11, ...ascii("NETSCAPE2.0"), 3, 1, 0, 0, 0); // without end
  const parts = [Uint8Array.from(bytes)];
  for (const frame of frames) {
    const head = [0x21, 0xf9, 4, 0, ...word(delay), 0, 0, 0x2c, 0, 0, 0, 0];
    parts.push(Uint8Array.from([...head, ...word(width), ...word(height), 0, 8]));
    parts.push(blocks(compress(indicesOf(frame, palette))));
  }
  parts.push(Uint8Array.of(0x3b));
  return joinBytes(parts);
}

function ascii(text) {
  return [...text].map((letter) => letter.charCodeAt(0));
}

function word(number) {
  return [number & 255, number >> 8];
}

export function joinBytes(parts) {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

// At most 256 colors for all frames: those that there are, or the means of a median cut (Heckbert
// 1982), and a table from colors of 5 bits a channel to them.
function paletteOf(frames) {
  const counts = new Map();
  for (const frame of frames) {
    for (let i = 0; i < frame.length; i += 4) {
      const color = (frame[i] << 16) | (frame[i + 1] << 8) | frame[i + 2];
      counts.set(color, (counts.get(color) ?? 0) + 1);
    }
  }
  const all = [...counts].map(([color, count]) => ({ rgb: channels(color), count }));
  if (all.length <= MOST_COLORS) return exactPalette(all.map(({ rgb }) => rgb));
  return cutPalette(all);
}

function channels(color) {
  return [color >> 16, (color >> 8) & 255, color & 255];
}

function exactPalette(colors) {
  const places = new Map(colors.map(([r, g, b], place) => [(r << 16) | (g << 8) | b, place]));
  return { colors, place: (r, g, b) => places.get((r << 16) | (g << 8) | b) };
}

function cutPalette(all) {
  let boxes = [all];
  while (boxes.length < MOST_COLORS) {
    const widest = boxes.reduce((best, box) => (spread(box).size > spread(best).size ? box : best));
    if (widest.length < 2) break;
    boxes = boxes.flatMap((box) => (box === widest ? halves(box) : [box]));
  }
  const colors = boxes.map(meanColor);
  const near = new Map();
  const place = (r, g, b) => {
    const key = ((r >> 3) << 10) | ((g >> 3) << 5) | (b >> 3);
    if (!near.has(key)) near.set(key, nearestColor(colors, r, g, b));
    return near.get(key);
  };
  return { colors, place };
}

const spreads = new WeakMap();

// The widest channel of a box of colors, and how wide it is, weighted by how many there are.
function spread(box) {
  if (!spreads.has(box)) {
    const widths = [0, 1, 2].map((channel) => {
      let least = 255;
      let most = 0;
      for (const { rgb } of box) {
        least = Math.min(least, rgb[channel]);
        most = Math.max(most, rgb[channel]);
      }
      return most - least;
    });
    const width = Math.max(...widths);
    spreads.set(box, { channel: widths.indexOf(width), size: width * Math.sqrt(box.length) });
  }
  return spreads.get(box);
}

function halves(box) {
  const { channel } = spread(box);
  const sorted = [...box].sort((a, b) => a.rgb[channel] - b.rgb[channel]);
  const middle = sorted.length >> 1;
  return [sorted.slice(0, middle), sorted.slice(middle)];
}

function meanColor(box) {
  const total = box.reduce((sum, { count }) => sum + count, 0);
  return [0, 1, 2].map((channel) =>
    Math.round(box.reduce((sum, { rgb, count }) => sum + rgb[channel] * count, 0) / total),
  );
}

function nearestColor(colors, r, g, b) {
  let best = 0;
  let least = Infinity;
  colors.forEach(([x, y, z], place) => {
    const distance = (x - r) ** 2 + (y - g) ** 2 + (z - b) ** 2;
    if (distance < least) {
      least = distance;
      best = place;
    }
  });
  return best;
}

function indicesOf(frame, palette) {
  const indices = new Uint8Array(frame.length / 4);
  for (let i = 0; i < indices.length; i += 1) {
    indices[i] = palette.place(frame[4 * i], frame[4 * i + 1], frame[4 * i + 2]);
  }
  return indices;
}

// LZW with codes of 9 to 12 bits, lowest bits first.
function compress(indices) {
  const clear = MOST_COLORS;
  const bytes = [];
  let bits = 0;
  let filled = 0;
  let width = 9;
  let table = new Map();
  const put = (code) => {
    bits |= code << filled;
    filled += width;
    while (filled >= 8) {
      bytes.push(bits & 255);
      bits >>>= 8;
      filled -= 8;
    }
  };
  put(clear);
  let next = clear + 2;
  let prefix = indices[0];
  for (let i = 1; i < indices.length; i += 1) {
    const key = (prefix << 8) | indices[i];
    const known = table.get(key);
    if (known !== undefined) {
      prefix = known;
      continue;
    }
    put(prefix);
    if (next < LARGEST_CODE) {
      if (next === 1 << width) width += 1;
      table.set(key, next);
      next += 1;
    } else {
      put(clear);
      table = new Map();
      next = clear + 2;
      width = 9;
    }
    prefix = indices[i];
  }
  put(prefix);
  if (next === 1 << width && width < 12) width += 1;
  put(clear + 1);
  if (filled) bytes.push(bits & 255);
  return bytes;
}

// Data in blocks of at most 255 bytes, each behind its length, and an empty one at the end.
function blocks(bytes) {
  const result = [];
  for (let at = 0; at < bytes.length; at += 255) {
    const part = bytes.slice(at, at + 255);
    result.push(part.length, ...part);
  }
  result.push(0);
  return Uint8Array.from(result);
}
