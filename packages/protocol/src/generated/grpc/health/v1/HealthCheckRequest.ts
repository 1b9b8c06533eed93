// Original file: ../../proto/grpc/health/v1/health.proto


export interface HealthCheckRequest {
  /**
   * Full name of a service, for example "sluice.v1.Log". Empty: the server as a whole.
   */
  'service'?: (string);
}

export interface HealthCheckRequest__Output {
  /**
   * Full name of a service, for example "sluice.v1.Log". Empty: the server as a whole.
   */
  'service': (string);
}
