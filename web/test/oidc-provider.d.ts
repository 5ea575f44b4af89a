// What of oidc-provider the tests use; it brings no types of its own.
declare module "oidc-provider" {
  import type { IncomingMessage, ServerResponse } from "node:http";

  export default class Provider {
    constructor(issuer: string, configuration: object);
    callback(): (q: IncomingMessage, a: ServerResponse) => void;
  }
}
