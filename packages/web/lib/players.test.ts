import { expect, test } from "vitest";
import { addPlayer, currentPlayer, makeCurrent, onCurrentPlayer, playAt, takeOver } from "./players.ts";

/** As much of a video as players need. */
function aVideo() {
  const video = {
    paused: true,
    currentTime: 0,
    seen: 0,
    pause() {
      video.paused = true;
    },
    async play() {
      video.paused = false;
    },
    scrollIntoView() {
      video.seen++;
    },
  };
  return video as typeof video & HTMLVideoElement;
}
const aPlayer = (name?: string) => ({ name, video: aVideo() });

test("one player plays at a time, and the keys are for the one that played last", async () => {
  const [one, other] = [aPlayer("clip_01.mp4"), aPlayer("clip_02.mp4")];
  const gone = [addPlayer(one), addPlayer(other)];
  const told: (string | undefined)[] = [];
  const stop = onCurrentPlayer(() => told.push(currentPlayer()?.name));
  await one.video.play();
  takeOver(one);
  await other.video.play();
  takeOver(other);
  takeOver(other);
  expect([one.video.paused, other.video.paused]).toEqual([true, false]);
  expect(told).toEqual(["clip_01.mp4", "clip_02.mp4"]);
  for (const remove of gone) remove();
  expect(currentPlayer()).toBeNull();
  stop();
});

test("a clip is played from a place by its name, where it has a player", () => {
  const player = aPlayer("clip_03.mp4");
  const gone = addPlayer(player);
  expect(playAt("clip_03.mp4", 7)).toBe(true);
  expect([player.video.currentTime, player.video.seen, player.video.paused]).toEqual([7, 1, false]);
  gone();
  expect(playAt("clip_03.mp4", 7)).toBe(false);
});

test("a player may have the page's keys before it plays; one that is not on the page takes them from nobody", () => {
  const player = aPlayer();
  const gone = addPlayer(player);
  makeCurrent(player.video);
  expect(currentPlayer()).toBe(player);
  makeCurrent(aVideo());
  expect(currentPlayer()).toBe(player);
  gone();
});
