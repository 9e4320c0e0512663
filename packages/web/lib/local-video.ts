/** What a browser sees in a file on this device. */
export interface LocalVideo {
  /** Null: the file does not tell. */
  seconds: number | null;
  /** Null: it sees no picture. */
  width: number | null;
  height: number | null;
  /** "data:image/jpeg;base64,…"; null where no picture could be drawn. */
  thumbnail: string | null;
}

/** A disk that is slow, or a file whose index is at its end. */
const PATIENCE_MS = 15_000;
const THUMBNAIL_WIDTH = 480;
/** The first pictures of a video are often black. */
const LOOK_AT = { fraction: 0.1, mostSeconds: 20 };

/** Opens a file as the browser's own player does; null where the player cannot. Nothing of it is sent anywhere. */
export async function readVideo(file: Blob, signal: AbortSignal): Promise<LocalVideo | null> {
  const video = document.createElement("video");
  const url = URL.createObjectURL(file);
  video.muted = true;
  video.preload = "auto";
  video.playsInline = true;
  try {
    const within = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
    const opened = happens(video, "loadeddata", within);
    video.src = url;
    await opened;
    const seconds = Number.isFinite(video.duration) ? video.duration : null; // recordings of a browser have none
    const size = video.videoWidth > 0 ? { width: video.videoWidth, height: video.videoHeight } : null;
    const facts = { seconds, width: size?.width ?? null, height: size?.height ?? null };
    return { ...facts, thumbnail: size && (await thumbnailOf(video, size, within)) };
  } catch {
    return null;
  } finally {
    video.removeAttribute("src");
    video.load(); // lets go of the file
    URL.revokeObjectURL(url);
  }
}

async function thumbnailOf(
  video: HTMLVideoElement,
  { width, height }: { width: number; height: number },
  signal: AbortSignal,
): Promise<string | null> {
  try {
    if (Number.isFinite(video.duration)) {
      const there = happens(video, "seeked", signal);
      video.currentTime = Math.min(video.duration * LOOK_AT.fraction, LOOK_AT.mostSeconds);
      await there;
    }
    const canvas = document.createElement("canvas");
    canvas.width = Math.min(width, THUMBNAIL_WIDTH);
    canvas.height = Math.max(1, Math.round((canvas.width * height) / width));
    canvas.getContext("2d")?.drawImage(video, 0, 0, canvas.width, canvas.height);
    return canvas.toDataURL("image/jpeg", 0.8);
  } catch {
    return null; // its facts are good all the same
  }
}

/** @throws where the player gives up, or the signal's reason */
function happens(video: HTMLVideoElement, event: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { once: true, signal };
    video.addEventListener(event, () => resolve(), options);
    video.addEventListener(
      "error",
      () => reject(video.error ?? new Error("The file cannot be played")),
      options,
    );
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  });
}
