import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** Shell lines of a program, or what the real one would do. */
interface Card {
  /** nvidia-smi; null: there is none. */
  smi: string | null;
  /** What h264_nvenc does: "works" encodes by libx264 in its place; anything else is what ffmpeg says, and it fails. */
  nvenc?: string;
  /** The same of `-hwaccel cuda`. */
  nvdec?: string;
  /** whisper-cli; null: there is none. */
  whisper?: string | null;
}

const says = (text: string) =>
  text
    .trim()
    .split("\n")
    .map((line) => `echo '${line.replaceAll("'", "'\\''")}' >&2`)
    .join("\n");

/** What NVIDIA's driver says of a card, as `nvidia-smi --query-gpu=… --format=csv,noheader` prints it. */
export const SMI = {
  rtx4090: `echo 'GPU-5c0e5bd0-7d11-4b9a-9fd2-6a1f0b0f2b11, NVIDIA GeForce RTX 4090, 24564 MiB, 550.90.07'`,
  h100: `echo 'GPU-11b2c3d4-0000-1111-2222-333344445555, NVIDIA H100 80GB HBM3, 81559 MiB, 550.54.15'`,
  old: `echo 'GPU-0a0b0c0d-0000-1111-2222-333344445555, NVIDIA GeForce GTX 1080, 8192 MiB, 470.57.02'`,
  lost: `echo 'Failed to initialize NVML: Unknown Error'; exit 255`,
  hangs: "exec sleep 600",
  none: `echo 'No devices were found'; exit 6`,
};

/** What ffmpeg says where NVENC and NVDEC do not work (5.1; `noEngine` as on an H200, the others texts of its nvenc.c, nvdec.c and hwcontext_cuda.c). */
export const FFMPEG_SAYS = {
  noEngine: `[h264_nvenc @ 0x55e0] OpenEncodeSessionEx failed: unsupported device (2): (no details)
[h264_nvenc @ 0x55e0] No capable devices found
Error initializing output stream 0:0 -- Error while opening encoder for output stream #0:0 - maybe incorrect parameters such as bit_rate, rate, width or height`,
  oldDriver: `[h264_nvenc @ 0x55e0] Driver does not support the required nvenc API version. Required: 12.2 Found: 11.1
[h264_nvenc @ 0x55e0] The minimum required Nvidia driver for nvenc is 550.54.14 or newer
Error initializing output stream 0:0 -- Error while opening encoder for output stream #0:0 - maybe incorrect parameters such as bit_rate, rate, width or height`,
  noSession: `[h264_nvenc @ 0x55e0] OpenEncodeSessionEx failed: out of memory (10): (no details)
[h264_nvenc @ 0x55e0] No capable devices found
Error initializing output stream 0:0 -- Error while opening encoder for output stream #0:0 - maybe incorrect parameters such as bit_rate, rate, width or height`,
  noCuvid: `[h264 @ 0x55e0] Cannot load libnvcuvid.so.1
[h264 @ 0x55e0] Failed loading nvcuvid.
Impossible to convert between the formats supported by the filter 'graph 0 input from stream 0:0' and the filter 'auto_scale_0'`,
};

const CUDA_FOUND = `ggml_cuda_init: found 1 CUDA devices (Total VRAM: 24080 MiB):
  Device 0: NVIDIA GeForce RTX 4090, compute capability 8.9, VMM: yes, VRAM: 24080 MiB
whisper_init_with_params_no_state: use gpu    = 1`;
const ON_CARD = `whisper_backend_init_gpu: device 0: CUDA0 (type: 1)
whisper_backend_init_gpu: found GPU device 0: CUDA0 (type: 1, cnt: 0)
whisper_backend_init_gpu: using CUDA0 backend`;
const NO_GPU = `whisper_backend_init_gpu: device 0: CPU (type: 0)
whisper_backend_init_gpu: no GPU found`;
/** Answers for each \`-f NAME.wav -of NAME\` with two words; the text is that of whisper.cpp 1.9.3. */
const HEARS = `while [ $# -gt 0 ]; do
  case "$1" in
  -f) echo "main: processing '$2' (144000 samples, 9.0 sec), 2 threads, 1 processors, 1 beams + best of 1, lang = en, task = transcribe, timestamps = 1 ..." >&2;;
  -of) echo "whisper_print_progress_callback: progress = 100%" >&2
    printf '{ "result": { "language": "en" }, "transcription": [ { "offsets": { "from": 100, "to": 500 }, "text": " Hello" }, { "offsets": { "from": 600, "to": 900 }, "text": " world." } ] }' > "$2.json";;
  esac
  shift
done`;

/** What whisper-cli, built with CUDA, does on a card (texts of whisper.cpp 1.9.3 and of CUDA 12). */
export const WHISPER = {
  works: `${says(`${CUDA_FOUND}\n${ON_CARD}`)}\n${HEARS}`,
  /** It would go on with the processor, for hours. */
  oldDriver: `${says(`ggml_cuda_init: failed to initialize CUDA: CUDA driver version is insufficient for CUDA runtime version\nwhisper_init_with_params_no_state: use gpu    = 1\n${NO_GPU}`)}\nexec sleep 600`,
  noKernel: `${says(`${CUDA_FOUND}\n${ON_CARD}\nmain: processing 'part-0.wav' (16000 samples, 1.0 sec), ...\nCUDA error: no kernel image is available for execution on the device\n  current device: 0, in function ggml_cuda_compute_forward at /src/ggml/src/ggml-cuda/ggml-cuda.cu:2410`)}\nkill -ABRT $$`,
  noMemory: `${says(`${CUDA_FOUND}\nggml_backend_cuda_buffer_type_alloc_buffer: allocating 1549.17 MiB on device 0: cudaMalloc failed: out of memory\nwhisper_init_with_params_no_state: failed to load model\nerror: failed to initialize whisper context`)}\nexit 3`,
  notBuilt: `${says(`whisper_init_with_params_no_state: use gpu    = 1\n${NO_GPU}`)}\nexec sleep 600`,
  noLibrary: `${says("whisper-cli: error while loading shared libraries: libcublas.so.12: cannot open shared object file: No such file or directory")}\nexit 127`,
  hangs: `${says(CUDA_FOUND)}\nexec sleep 600`,
};
const ASKED = `case "$*" in
*--version*) echo 'whisper.cpp version: 1.9.3'; exit 0;;
*--help*) echo '  --vad --vad-model' >&2; exit 0;;
esac`;

/** ffmpeg in front of the real one: takes the card's part by the processor, or says what it says without one. */
const ffmpegScript = (real: string, { nvenc = "works", nvdec = "works" }: Card) => `
n=$#
card=
while [ $n -gt 0 ]; do
  a=$1; shift; n=$((n - 1))
  case "$a" in
  -tune|-rc|-cq|-b:v|-spatial-aq|-temporal-aq) shift; n=$((n - 1));;
  -hwaccel|-hwaccel_output_format) card=nvdec; shift; n=$((n - 1));;
  hwdownload,format=nv12,*) set -- "$@" format=yuv420p;;
  h264_nvenc) card=\${card:-nvenc}; nvenc=1; set -- "$@" libx264;;
  p[1-7]) set -- "$@" superfast;;
  *) set -- "$@" "$a";;
  esac
done
if [ "$card" = nvdec ] && ${nvdec === "works" ? "false" : "true"}; then
${says(nvdec)}
exit 1
fi
if [ "$nvenc" ] && ${nvenc === "works" ? "false" : "true"}; then
${says(nvenc)}
exit 1
fi
exec '${real}' "$@"`;

/**
 * A folder of programs that behave as those of a machine with such a card do; put before all others, they are that machine.
 * `ffmpeg` is the real one that they stand before.
 */
export function createCard(card: Card, ffmpeg: string) {
  const dir = mkdtempSync(join(tmpdir(), "kk-card-"));
  // by its path: by its name the stand-in would find itself
  const real =
    [ffmpeg, ...(process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, ffmpeg))].find(
      (file) => file.includes("/") && existsSync(file),
    ) ?? ffmpeg;
  const program = (name: string, script: string) => {
    writeFileSync(join(dir, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(dir, name), 0o755);
    return join(dir, name);
  };
  if (card.smi !== null) program("nvidia-smi", card.smi);
  if (card.whisper) program("whisper-cli", `${ASKED}\n${card.whisper}`);
  return {
    dir,
    ffmpeg: program("ffmpeg", ffmpegScript(real, card)),
    path: `${dir}${delimiter}${process.env.PATH}`,
    program,
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  };
}
