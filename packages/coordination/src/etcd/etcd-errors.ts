/**
 * What the errors of etcd and of the connection to it mean here.
 *
 * One question decides how a transaction goes on: was it certainly not carried out? Only refusals that etcd gives before it looks
 * at a key are certain. A timeout, a broken connection, a changed leader leave it open (P7).
 */

import { isSluiceError, SluiceError } from "@sluice/model";
import {
  EtcdAuthenticationFailedError,
  EtcdInvalidAuthTokenError,
  EtcdLeaseInvalidError,
  EtcdPermissionDeniedError,
  GRPCInvalidArgumentError,
  GRPCResourceExhastedError,
  GRPCUnauthenticatedError,
} from "etcd3";

/** Messages of etcd about who we are whose classes say something else. */
const accessMessages = ["user name is empty", "authentication is not enabled", "auth: revision in header is old"];

/** The catalogue's error for one of etcd3, gRPC or this package. `endpoint`: where it came from, for people. */
export function storeError(error: unknown, endpoint: string): SluiceError {
  if (isSluiceError(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const options = { cause: error };
  if (error instanceof EtcdLeaseInvalidError) {
    return new SluiceError("LEASE_EXPIRED", { lease: "of this request" }, options);
  }
  if (isAccessError(error, reason)) {
    return new SluiceError("STORE_ACCESS_DENIED", { endpoints: endpoint, reason }, options);
  }
  if (error instanceof GRPCInvalidArgumentError) return new SluiceError("INVALID_REQUEST", { reason }, options);
  return new SluiceError("STORE_UNAVAILABLE", { endpoints: endpoint, reason }, options);
}

/** True where etcd refused the request before it did anything: it was not carried out and will not be. */
export function isRefusal(error: SluiceError): boolean {
  if (error.code === "STORE_UNAVAILABLE") return error.cause instanceof GRPCResourceExhastedError;
  return error.code !== "INDETERMINATE";
}

/** True where another member may answer what this one did not. */
export function isMemberFailure(error: SluiceError): boolean {
  return error.code === "STORE_UNAVAILABLE" && !isRefusal(error);
}

function isAccessError(error: unknown, reason: string): boolean {
  return (
    error instanceof EtcdPermissionDeniedError ||
    error instanceof EtcdAuthenticationFailedError ||
    error instanceof EtcdInvalidAuthTokenError ||
    error instanceof GRPCUnauthenticatedError ||
    accessMessages.some((message) => reason.includes(message))
  );
}
