import { expect, test, vi } from "vitest";
import { noteAnswer, onConnection, readConnection } from "./connection.ts";

test("the page knows since when nobody answers, and hears of each change once", () => {
  const heard = vi.fn();
  const stop = onConnection(heard);
  noteAnswer(true, 1000);
  noteAnswer(true, 2000);
  expect(heard).not.toHaveBeenCalled();
  noteAnswer(false, 3000);
  noteAnswer(false, 4000);
  expect(readConnection()).toEqual({ away: true, answeredAt: 2000 });
  expect(heard).toHaveBeenCalledTimes(1);
  noteAnswer(true, 5000);
  expect(readConnection()).toEqual({ away: false, answeredAt: 5000 });
  expect(heard).toHaveBeenCalledTimes(2);
  stop();
  noteAnswer(false, 6000);
  expect(heard).toHaveBeenCalledTimes(2);
});
