import { offset } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { FollowerProgress } from "./follower-progress.js";

const inLife = (brokerEpoch: number): FollowerProgress => {
  const follower = new FollowerProgress(2);
  follower.enterLife(brokerEpoch);
  follower.serve();
  return follower;
};

describe("FollowerProgress", () => {
  it("believes what was said last, lower or not, and nothing of an earlier life", () => {
    const follower = inLife(20);
    follower.acknowledge(offset(9));
    follower.acknowledge(offset(4));
    expect(follower.ackedOffset).toBe(4);
    follower.enterLife(21);
    expect(follower.ackedOffset).toBeUndefined();
    expect(follower.isServed).toBe(false);
  });

  it("ends its lag when it has reached where the leader was when the lag began, not where the leader is", () => {
    const follower = inLife(20);
    follower.acknowledge(offset(3));
    follower.maybeBeginLag(offset(5), 1_000);
    follower.maybeBeginLag(offset(50), 5_000);
    expect(follower.hasLaggedFor(10_000, 10_999)).toBe(false);
    expect(follower.hasLaggedFor(10_000, 11_000)).toBe(true);
    follower.acknowledge(offset(5));
    expect(follower.isLagging).toBe(false);
  });

  it("does not lag when it has everything, and does when it has said nothing", () => {
    const follower = inLife(20);
    follower.maybeBeginLag(offset(0), 0);
    expect(follower.isLagging).toBe(true);
    follower.acknowledge(offset(0));
    follower.maybeBeginLag(offset(0), 1);
    expect(follower.isLagging).toBe(false);
  });

  it("has no room until it says otherwise, or lives anew", () => {
    const follower = inLife(20);
    follower.setFull(true);
    follower.acknowledge(offset(4));
    expect([follower.isFull, follower.ackedOffset]).toEqual([true, 4]);
    follower.setFull(false);
    expect(follower.isFull).toBe(false);
    follower.setFull(true);
    follower.enterLife(21);
    expect(follower.isFull).toBe(false);
  });

  it("is gone until it speaks again", () => {
    const follower = inLife(20);
    follower.leave(20);
    expect(follower.isGone).toBe(true);
    expect(follower.isServed).toBe(false);
    follower.enterLife(20);
    expect(follower.isGone).toBe(false);
    follower.leave(25);
    expect(follower.brokerEpoch).toBe(25);
  });
});
