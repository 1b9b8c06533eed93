/** The part of fs-native-extensions that is used: it ships no types. */
declare module "fs-native-extensions" {
  /** Takes an exclusive lock on the open file (OFD lock where the system has them). False: another open file holds it. */
  export function tryLock(fd: number): boolean;
}
