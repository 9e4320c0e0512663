import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { EdlClip } from "@kangklip/contract";
import type { EntryKey } from "../cache/key.ts";
import { keysOf } from "../cache/once.ts";
import type { StageCache } from "../cache/stage-cache.ts";
import type { ClipSound } from "../media/loudness.ts";
import type { RenderedClip, StageContext } from "../stage.ts";
import type { KeptParts } from "./finish-clip.ts";
import type { KeptClip, RenderInputs } from "./render-kept.ts";

/** The version of a clip that was rendered last, by the key of its files. */
interface LastVersion {
  render: EntryKey;
}

/** What other versions of a clip have in common with it: the sound, whatever its pictures look like, and the pictures, whatever captions lie over them. */
export function keptParts(context: StageContext, cache: StageCache, inputs: RenderInputs): KeptParts {
  return {
    async sound({ segments }, { rate, seconds }, dir, make) {
      const { source, ffmpeg } = inputs;
      const about = { source, ffmpeg, cut: cutOf(segments), rate: rate.text, seconds };
      const { shared } = await keysOf(context, { stage: "SOUND", inputs: about });
      const before = await cache.take<StoredSound>(shared, dir);
      if (before) return soundOf(before);
      const made = await make();
      await cache.keep(shared, storedSound(made), [{ name: "sound.m4a", path: join(dir, "sound.m4a") }]);
      return made;
    },

    async before(clip, into) {
      const { shared, own } = await versionKeys(context, inputs, clip);
      const taken = (key: EntryKey) => cache.take<LastVersion>(key, context.dir);
      const last = (await taken(shared)) ?? (await taken(own));
      if (!last) return undefined;
      await mkdir(into, { recursive: true });
      const kept = await cache.take<KeptClip>(last.render, into);
      return kept && { rendered: kept.rendered, dir: into };
    },
  };
}

/**
 * From now on this is the version that the next one is made of.
 * @param whose for all jobs, or for this one's attempts and edits alone: as its files are kept
 */
export async function keepAsBefore(
  context: StageContext,
  cache: StageCache,
  {
    inputs,
    clip,
    made,
    render,
    whose,
  }: {
    inputs: RenderInputs;
    clip: EdlClip;
    made: RenderedClip;
    render: EntryKey;
    whose: "shared" | "own";
  },
): Promise<void> {
  if (!made.pictures) return;
  const last: LastVersion = { render };
  await cache.keep((await versionKeys(context, inputs, clip))[whose], last);
}

/** All that a clip's pictures and sound depend on besides its framing, which is compared, and its captions. */
function versionKeys(
  context: StageContext,
  { settings, ...others }: RenderInputs,
  { segments }: EdlClip,
): Promise<{ shared: EntryKey; own: EntryKey }> {
  const plain = Object.entries(settings).filter(([name]) => !name.startsWith("caption"));
  const about = { ...others, settings: Object.fromEntries(plain), cut: cutOf(segments) };
  return keysOf(context, { stage: "VERSION", inputs: about });
}

const cutOf = (segments: EdlClip["segments"]) => segments.map(({ start, end }) => [start, end]);

/** JSON knows no infinity, which is how loud silence is not. */
type StoredSound = { [name in keyof ClipSound]: ClipSound[name] | null };
const storedSound = (sound: ClipSound): StoredSound => sound;
const soundOf = (stored: StoredSound): ClipSound => ({
  integrated: stored.integrated ?? Number.NEGATIVE_INFINITY,
  truePeak: stored.truePeak ?? Number.NEGATIVE_INFINITY,
  cut: stored.cut ?? Number.NEGATIVE_INFINITY,
  range: stored.range ?? 0,
  regains: stored.regains ?? 0,
});
