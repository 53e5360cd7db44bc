// The engine for machines with a graphics processor: WebGL2, one pass a layer.
//
// A value's channels lie in groups of four, one group beside the other, in a texture of 32-bit
// floats. A fragment is one place of one group of the output. Weights keep their 16 bits: four
// outputs of one input are a texel.
import { affineOf, controlsOf, inputOf } from "./program.js";

const WIDEST = 2048; // texels; every WebGL2 has as many
const CORNERS = `#version 300 es
void main() {
  vec2 corner = vec2(gl_VertexID == 1 ? 3 : -1, gl_VertexID == 2 ? 3 : -1);
  gl_Position = vec4(corner, 0, 1);
}`;
const SHADER = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
uniform sampler2D source, weights, affine, added;
uniform int size, phases, stride, taps, groups, outputGroups; // of the input, of the output
uniform int sourceColumns, columns, addedColumns;       // groups beside one another in a texture
uniform int addedScale;                                 // 0: nothing is added
uniform int blocks;                                     // shares of the channels by themselves
uniform bool mirrored;                                  // what lies beyond the border
uniform int inputs;                                     // numbers of a vector
uniform int factorColumns;                              // groups of the factors, which are weights
uniform int way;                                        // how the value is made, see KINDS
uniform int activation;                                 // what follows, see ACTIVATIONS
uniform float slope;                                    // of a leaky rectifier
out vec4 result;

vec4 entry(sampler2D table, int index) {
  return texelFetch(table, ivec2(index % ${WIDEST}, index / ${WIDEST}), 0);
}

vec4 place(sampler2D maps, int group, int beside, int side, ivec2 at) {
  return texelFetch(maps, at + side * ivec2(group % beside, group / beside), 0);
}

vec4 product(int outputGroup, int phase, ivec2 corner) {
  vec4 sum = vec4(0);
  int share = groups / blocks; // of the groups of the input
  int first = outputGroup / (outputGroups / blocks) * share;
  for (int ty = 0; ty < taps; ty++) {
    for (int tx = 0; tx < taps; tx++) {
      ivec2 at = corner + ivec2(tx, ty);
      if (mirrored) at = size - 1 - abs(size - 1 - abs(at));
      if (any(lessThan(at, ivec2(0))) || any(greaterThanEqual(at, ivec2(size)))) continue;
      int row = ((phase * taps + ty) * taps + tx) * share * 4;
      for (int group = first; group < first + share; group++, row += 4) {
        vec4 value = place(source, group, sourceColumns, size, at);
        sum += value.x * entry(weights, row * outputGroups + outputGroup);
        sum += value.y * entry(weights, (row + 1) * outputGroups + outputGroup);
        sum += value.z * entry(weights, (row + 2) * outputGroups + outputGroup);
        sum += value.w * entry(weights, (row + 3) * outputGroups + outputGroup);
      }
    }
  }
  return sum;
}

// A place of maps of twice the side: three quarters of the nearest one along each axis and a
// quarter of the next.
vec4 between(int group, ivec2 near, ivec2 part) {
  ivec2 next = clamp(near + 2 * part - 1, ivec2(0), ivec2(size - 1));
  vec4 sum = 9.0 * place(source, group, sourceColumns, size, near);
  sum += 3.0 * place(source, group, sourceColumns, size, ivec2(next.x, near.y));
  sum += 3.0 * place(source, group, sourceColumns, size, ivec2(near.x, next.y));
  return (sum + place(source, group, sourceColumns, size, next)) / 16.0;
}

// What a block of a vector is divided by: the root of its mean square.
float unitScale(int of) {
  float squares = 0.0;
  int share = groups / blocks;
  int first = of / share * share;
  for (int group = first; group < first + share; group++) {
    vec4 part = place(source, group, sourceColumns, 1, ivec2(0));
    squares += dot(part, part);
  }
  return inversesqrt(squares * float(blocks) / float(inputs) + 1e-8);
}

void main() {
  int side = size * phases / stride;
  ivec2 texel = ivec2(gl_FragCoord.xy);
  ivec2 at = texel % side;
  int group = (texel.y / side) * columns + texel.x / side;
  if (group >= outputGroups) { result = vec4(0); return; }
  ivec2 part = at % phases;
  int phase = part.y * phases + part.x;
  ivec2 first = taps == 2 && stride == 1 ? part - 1 : ivec2(-(taps - stride) / 2);
  vec4 sum;
  if (way == 1) sum = product(group, phase, at / phases * stride + first);
  else if (way == 2) sum = between(group, at / phases, part);
  else sum = place(source, group, sourceColumns, size, at / phases);
  if (way == 3) sum *= place(weights, group, factorColumns, 1, ivec2(0));
  if (way == 4) sum *= unitScale(group);
  sum = sum * entry(affine, phase * outputGroups + group)
    + entry(affine, (phases * phases + phase) * outputGroups + group);
  if (addedScale > 0) sum += place(added, group, addedColumns, side / addedScale, at / addedScale);
  if (activation == 1) sum = max(sum, 0.0);
  if (activation == 3) sum = max(sum, 0.0) + slope * min(sum, 0.0);
  if (activation == 2) sum = tanh(clamp(sum, -9.0, 9.0)); // tanh of large numbers overflows
  if (activation == 4) sum *= sum;
  if (activation == 5) sum = inversesqrt(max(sum, 1e-12)); // no channel is beside the last ones
  result = sum;
}`;
const SAMPLERS = ["source", "weights", "affine", "added"];
const ACTIVATIONS = { none: 0, relu: 1, tanh: 2, leaky: 3, square: 4, rsqrt: 5 };
const KINDS = { linear: 1, enlarge: 2, times: 3, unit: 4, norm: 0 };

export class WebGL {
  static title = "WebGL2";

  // An Error says why this browser, or this generator, cannot do it.
  constructor(program, canvas) {
    this.program = program;
    this.gl = canvas.getContext("webgl2", { antialias: false, depth: false });
    if (!this.gl) throw new Error("this browser has no WebGL2");
    if (!this.gl.getExtension("EXT_color_buffer_float")) {
      throw new Error("this graphics processor cannot draw into floats");
    }
    this.tallest = this.gl.getParameter(this.gl.MAX_TEXTURE_SIZE);
    this.shader = buildShader(this.gl);
    const { side } = program;
    const outputs = inputCount(program) / side ** 2;
    this.input = this.value({ outputs, size: side, phases: 1, stride: 1 });
    this.layers = program.layers.map((layer) => this.prepare(layer));
  }

  prepare(layer) {
    if (layer.kind.endsWith("-norm")) {
      throw new Error("norms that measure every image are not written for it");
    }
    if (!(layer.kind in KINDS) || !(layer.activation in ACTIVATIONS)) {
      throw new Error(`${layer.kind} with ${layer.activation} is not written for it`);
    }
    if ((layer.inputs / layer.blocks) % 4 && layer.blocks > 1) {
      throw new Error("convolutions of groups of odd sizes are not written for it");
    }
    return {
      ...layer,
      weights: layer.weight && this.upload(padWeights(layer), "half"),
      table: null, // scales and shifts, of the classes asked for last
      tableOf: "",
      to: this.value(layer),
    };
  }

  // An empty texture for maps, and how many groups lie beside one another in it.
  value({ outputs, size, phases, stride }) {
    const side = (size * phases) / stride;
    const groups = Math.ceil(outputs / 4);
    const columns = Math.min(groups, Math.max(1, Math.floor(WIDEST / side)));
    const width = side * columns;
    const height = side * Math.ceil(groups / columns);
    return { texture: this.texture(width, height, "float", null), groups, columns, width, height };
  }

  texture(width, height, kind, data) {
    if (height > this.tallest) throw new Error("this graphics processor's textures are too small");
    const { gl } = this;
    const texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    const inner = kind === "half" ? gl.RGBA16F : gl.RGBA32F;
    const type = kind === "half" ? gl.HALF_FLOAT : gl.FLOAT;
    gl.texImage2D(gl.TEXTURE_2D, 0, inner, width, height, 0, gl.RGBA, type, data);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    return texture;
  }

  // A texture of a list of numbers, four a texel, row by row.
  upload(numbers, kind) {
    const height = Math.ceil(numbers.length / 4 / WIDEST);
    const filled = new numbers.constructor(4 * WIDEST * height);
    filled.set(numbers);
    return this.texture(WIDEST, height, kind, filled);
  }

  // The sample of z (latent) and the classes' shares: values (places, channels).
  make(z, shares) {
    const { gl, input } = this;
    const numbers = new Float32Array(4 * input.width * input.height);
    const { side } = this.program;
    // Of one place, its groups lie in a row; an image has one group of up to four channels.
    const given = inputOf(this.program, z, shares);
    this.controls = controlsOf(this.program, z);
    numbers.set(side === 1 ? given : padRows(given, given.length / side ** 2));
    gl.bindTexture(gl.TEXTURE_2D, input.texture);
    const { width, height } = input;
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, width, height, gl.RGBA, gl.FLOAT, numbers);
    gl.useProgram(this.shader.program);
    const values = [input];
    for (const layer of this.layers) values.push(this.run(layer, values, shares));
    return this.read(values.at(-1));
  }

  run(layer, values, shares) {
    const { gl } = this;
    const { to } = layer;
    const from = values[layer.source];
    const added = values[layer.add];
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.framebufferOf(to));
    gl.viewport(0, 0, to.width, to.height);
    const side = (layer.size * layer.phases) / layer.stride;
    this.bind({
      source: from.texture,
      weights: layer.weights ?? values[layer.factor].texture,
      affine: this.tableFor(layer, shares),
      added: layer.add ? added.texture : from.texture,
    });
    this.set({
      size: layer.size, phases: layer.phases, stride: layer.stride, taps: layer.taps,
      groups: Math.ceil(layer.inputs / 4), outputGroups: to.groups,
      sourceColumns: from.columns, columns: to.columns, addedColumns: added.columns,
      addedScale: layer.add ? side / (added.width / added.columns) : 0,
      blocks: layer.blocks, mirrored: Number(layer.mirrored), way: KINDS[layer.kind],
      inputs: layer.inputs, factorColumns: values[layer.factor].columns,
      activation: ACTIVATIONS[layer.activation],
    });
    gl.uniform1f(this.shader.places.slope, layer.slope);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    return to;
  }

  framebufferOf(value) {
    if (!value.framebuffer) {
      const { gl } = this;
      value.framebuffer = gl.createFramebuffer();
      gl.bindFramebuffer(gl.FRAMEBUFFER, value.framebuffer);
      const { FRAMEBUFFER, COLOR_ATTACHMENT0, TEXTURE_2D } = gl;
      gl.framebufferTexture2D(FRAMEBUFFER, COLOR_ATTACHMENT0, TEXTURE_2D, value.texture, 0);
    }
    return value.framebuffer;
  }

  tableFor(layer, classes) {
    const shares = layer.styled ? this.controls : classes;
    const wanted = layer.rows === 1 ? "all" : shares.join();
    if (layer.tableOf !== wanted) {
      if (layer.table) this.gl.deleteTexture(layer.table);
      layer.table = this.upload(padRows(affineOf(layer, shares), layer.outputs), "float");
      layer.tableOf = wanted;
    }
    return layer.table;
  }

  bind(textures) {
    const { gl } = this;
    SAMPLERS.forEach((name, unit) => {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, textures[name]);
    });
    gl.activeTexture(gl.TEXTURE0);
  }

  set(numbers) {
    for (const [name, number] of Object.entries(numbers)) {
      this.gl.uniform1i(this.shader.places[name], number);
    }
  }

  read(value) {
    const { gl } = this;
    const { width, height } = value;
    const texels = new Float32Array(4 * width * height);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.FLOAT, texels);
    if (gl.isContextLost()) throw new Error("the graphics processor was taken away");
    const channels = this.program.shape[0];
    return texels.filter((_, index) => index % 4 < channels);
  }

  // Gives the graphics processor back.
  close() {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

function inputCount({ latent, classes, labels, styles }) {
  return latent * (styles || 1) + (labels === "beside" ? classes : 0);
}

// Weights with inputs and outputs filled up to multiples of four.
function padWeights({ weight, inputs, outputs, blocks }) {
  const rows = padRows(weight, outputs);
  return padRows(rows, (inputs / blocks) * 4 * Math.ceil(outputs / 4), 16 * Math.ceil(outputs / 4));
}

// Rows of `length` numbers filled up to a multiple of `unit`.
function padRows(numbers, length, unit = 4) {
  const padded = unit * Math.ceil(length / unit);
  if (padded === length) return numbers;
  const result = new numbers.constructor((numbers.length / length) * padded);
  for (let row = 0; row * length < numbers.length; row += 1) {
    result.set(numbers.subarray(row * length, (row + 1) * length), row * padded);
  }
  return result;
}

function buildShader(gl) {
  const program = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, CORNERS], [gl.FRAGMENT_SHADER, SHADER]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
    throw new Error("this graphics processor refuses the shader");
  }
  gl.useProgram(program);
  SAMPLERS.forEach((name, unit) => gl.uniform1i(gl.getUniformLocation(program, name), unit));
  const places = {};
  const count = gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS);
  for (let i = 0; i < count; i += 1) {
    const { name } = gl.getActiveUniform(program, i);
    places[name] = gl.getUniformLocation(program, name);
  }
  return { program, places };
}
