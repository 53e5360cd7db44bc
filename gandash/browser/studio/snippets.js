// A picture as text that makes it again: a command, or a few lines of Python.

// entry: a seed or a vector; label: the class, or null
export function pythonOf(checkpoint, entry, label) {
  const ofClass = label === null ? "" : `, label=${label}`;
  if (!entry.vector) {
    const call = `gandash.sample("${checkpoint}", 1, seed=${entry.seed}${ofClass})`;
    return `import gandash\nimage = ${call}[0]`;
  }
  const G = `weights.load_generator(gandash.load("${checkpoint}"))`;
  return [
    "import gandash, torch; from gandash import latent; from gandash.checkpoints import weights",
    `z = torch.tensor([[${numbersText(entry.vector)}]])`,
    `image = latent.generate(${G}, z${ofClass})[0]`,
  ].join("\n");
}

// Numbers that 32-bit floats are read back from exactly.
function numbersText(vector) {
  return [...vector].map((value) => Number(value.toPrecision(9))).join(", ");
}

export function commandOf(checkpoint, seed, label) {
  const ofClass = label === null ? "" : ` --label ${label}`;
  return `python -m gandash sample ${checkpoint} --seed ${seed} --count 1${ofClass}`;
}
