// A zip of files as they are: pictures in it are compressed already.
import { joinBytes } from "./gif.js";

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const FIRST_DAY = 0x21; // 1 January 1980: the same files are the same bytes

// files: [name, Uint8Array] each; a Uint8Array.
export function writeZip(files) {
  const parts = [];
  const entries = [];
  let at = 0;
  for (const [name, content] of files) {
    const title = new TextEncoder().encode(name);
    const facts = [20, 0, 0, 0, FIRST_DAY];
    const sizes = [checksum(content), content.length, content.length];
    const head = fields([LOCAL], facts, sizes, [title.length, 0]);
    parts.push(head, title, content);
    const own = [title.length, 0, 0, 0, 0];
    entries.push(fields([CENTRAL], [20, ...facts], sizes, own, [0, at]), title);
    at += head.length + title.length + content.length;
  }
  const size = entries.reduce((sum, entry) => sum + entry.length, 0);
  const count = files.length;
  return joinBytes([...parts, ...entries, fields([END], [0, 0, count, count], [size, at], [0])]);
}

// Lists of 4-byte and 2-byte numbers in turn, the lowest byte first.
function fields(...lists) {
  const bytes = lists.flatMap((numbers, turn) =>
    numbers.flatMap((number) => {
      const four = [number & 255, (number >>> 8) & 255, (number >>> 16) & 255, number >>> 24];
      return turn % 2 ? four.slice(0, 2) : four;
    }),
  );
  return Uint8Array.from(bytes);
}

function checksum(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return (sum ^ 0xffffffff) >>> 0;
}
