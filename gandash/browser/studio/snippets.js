// A picture as text that makes it again: a command, or three lines of Python.

// entry: a seed or a vector; label: the class, or null
export function pythonOf(checkpoint, latent, entry, label) {
  const z = entry.vector ? vectorText(entry.vector) : `latent.draw(${entry.seed}, 1, ${latent})`;
  const call = label === null ? "G, z" : `G, z, label=${label}`;
  const lines = [
    "from gandash import checkpoints, latent; from gandash.checkpoints import weights; "
      + "from gandash.storage.paths import pretrained_root",
    `G = weights.load_generator(next(c for c in checkpoints.find(pretrained_root())[0] `
      + `if c.name == "${checkpoint}"))`,
    `z = ${z}`,
    `image = latent.generate(${call})[0]  # uint8 (C, H, W)`,
  ];
  if (entry.vector) lines.unshift("import torch");
  return lines.join("\n");
}

// Numbers that a 32-bit float is read back from exactly.
function vectorText(vector) {
  return `torch.tensor([[${[...vector].map((value) => Number(value.toPrecision(9))).join(", ")}]])`;
}

export function commandOf(checkpoint, seed, label) {
  const ofClass = label === null ? "" : ` --label ${label}`;
  return `python -m gandash sample ${checkpoint} --seed ${seed} --count 1${ofClass}`;
}
