// ort.js - a network in ONNX Runtime: one process, one JSON line, as bench_model prints it.
//
//   node ort.js MODEL.onnx --input IN.npy [--output OUT.npy] [--batch N] [--threads T]
//               [--seconds S] [--once] [--modules DIR] [--layers]
//
// Session options: intraOpNumThreads T, interOpNumThreads 1, sequential execution, every graph
// optimisation. The line "first" is printed when the first output is there, so that whoever
// started this process can take the time from its start. Then, unless --once: a warm-up and runs
// for S seconds; "seconds" is the median of one run, from the call until the output is there.
// "peak_bytes" is the process's VmHWM at the end, node and all; an empty node process is what
// `node ort.js --nothing` measures.
//
// --layers prints what ONNX Runtime's own profiler says of every node, medians over the runs.
//
// SPDX-License-Identifier: MIT
"use strict";
const fs = require("fs");
const os = require("os");
const path = require("path");

const WARM_UP = 0.2; // of --seconds

function fail(sentence) {
  console.error(`ort.js: ${sentence}`);
  process.exit(2);
}

function options(words) {
  const o = { batch: 1, threads: 1, seconds: 2, modules: "build/peers/node_modules" };
  for (let i = 0; i < words.length; i++) {
    const name = words[i].replace(/^--/, "");
    if (["once", "nothing", "layers"].includes(name)) o[name] = true;
    else if (["batch", "threads", "seconds"].includes(name)) o[name] = Number(words[++i]);
    else if (["input", "output", "modules"].includes(name)) o[name] = words[++i];
    else if (words[i].startsWith("--") || o.model) fail(`unknown option ${words[i]}`);
    else o.model = words[i];
  }
  if (!o.nothing && (!o.model || !o.input)) fail("MODEL.onnx and --input IN.npy are needed");
  return o;
}

// A float32 array in C order, as numpy.save writes it; its first `rows` rows.
function readNpy(file, rows) {
  const bytes = fs.readFileSync(file);
  const wide = bytes[6] > 1;
  const begin = (wide ? 12 : 10) + (wide ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8));
  const header = bytes.toString("latin1", 10, begin);
  if (!/'descr': '<f4'/.test(header) || !/'fortran_order': False/.test(header))
    fail(`${file}: float32 in C order is needed`);
  const dims = /'shape': \(([^)]*)\)/.exec(header)[1].split(",").filter((x) => x.trim()).map(Number);
  if (dims[0] < rows) fail(`${file}: ${dims[0]} rows, ${rows} are needed`);
  dims[0] = rows;
  const n = dims.reduce((a, b) => a * b, 1);
  return { dims, data: new Float32Array(bytes.buffer.slice(bytes.byteOffset + begin,
                                                           bytes.byteOffset + begin + 4 * n)) };
}

function writeNpy(file, dims, data) {
  let header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${dims.join(", ")},), }`;
  header = header.padEnd(117) + "\n";
  const prefix = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 0, 0]);
  prefix.writeUInt16LE(header.length, 8);
  fs.writeFileSync(file, Buffer.concat([prefix, Buffer.from(header, "latin1"),
    Buffer.from(data.buffer, data.byteOffset, data.byteLength)]));
}

const median = (x) => {
  x.sort((a, b) => a - b);
  return x.length % 2 ? x[(x.length - 1) / 2] : (x[x.length / 2 - 1] + x[x.length / 2]) / 2;
};

function peakBytes() {
  try {
    return 1024 * Number(/VmHWM:\s*(\d+)/.exec(fs.readFileSync("/proc/self/status", "latin1"))[1]);
  } catch {
    return 1024 * process.resourceUsage().maxRSS;
  }
}

const now = () => Number(process.hrtime.bigint()) * 1e-9;

// The profiler's file: an event for every node and run. Events of warm-up runs are among them,
// which a median bears.
function layers(file) {
  const seen = new Map();
  for (const event of JSON.parse(fs.readFileSync(file, "utf8"))) {
    if (event.cat !== "Node" || !event.name.endsWith("_kernel_time")) continue;
    const name = event.name.replace(/_kernel_time$/, "");
    if (!seen.has(name)) {
      const shape = (list) => (list || []).map((x) => Object.values(x)[0]);
      seen.set(name, { name, op: event.args.op_name, inputs: shape(event.args.input_type_shape),
                       outputs: shape(event.args.output_type_shape), taken: [] });
    }
    seen.get(name).taken.push(event.dur * 1e-6);
  }
  return [...seen.values()].map(({ taken, ...rest }) =>
    ({ ...rest, seconds: median(taken), best_seconds: taken[0] })); // median has sorted them
}

async function timeRuns(session, feeds, seconds) {
  const warm = now();
  do await session.run(feeds); while (now() - warm < WARM_UP * seconds);
  const taken = [];
  const start = now();
  do {
    const before = now();
    await session.run(feeds);
    taken.push(now() - before);
  } while (now() - start < seconds);
  return taken;
}

async function main() {
  const o = options(process.argv.slice(2));
  if (o.nothing) {
    console.log(JSON.stringify({ peak_bytes: peakBytes() }));
    return;
  }
  const ort = require(path.resolve(o.modules, "onnxruntime-node"));
  const begin = now();
  const session = await ort.InferenceSession.create(o.model, {
    intraOpNumThreads: o.threads, interOpNumThreads: 1, executionMode: "sequential",
    graphOptimizationLevel: "all", enableProfiling: Boolean(o.layers),
    profileFilePrefix: path.join(os.tmpdir(), `ort_${process.pid}`),
  });
  const loaded = now();
  const input = readNpy(o.input, o.batch);
  const feeds = { [session.inputNames[0]]: new ort.Tensor("float32", input.data, input.dims) };
  const output = (await session.run(feeds))[session.outputNames[0]];
  console.log("first");
  const result = { peer: "onnxruntime", version: ort.env.versions.node, model: o.model,
                   batch: o.batch, threads: o.threads, load_seconds: loaded - begin };
  if (o.output) writeNpy(o.output, output.dims, output.data);
  if (!o.once) {
    const taken = await timeRuns(session, feeds, o.seconds);
    result.runs = taken.length;
    result.seconds = median(taken);
    result.best_seconds = taken[0];
    result.images_per_second = o.batch / result.seconds;
  }
  result.peak_bytes = peakBytes();
  if (o.layers) {
    session.endProfiling();
    const folder = os.tmpdir();
    const file = fs.readdirSync(folder).find((name) => name.startsWith(`ort_${process.pid}`));
    result.layers = layers(path.join(folder, file));
    fs.unlinkSync(path.join(folder, file));
  }
  console.log(JSON.stringify(result));
}

main().catch((error) => fail(error.message));
