import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { RequestListener } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";

/** A real OpenID provider on loopback (oidc-provider), with its own page to sign in. */
export class IdentityProvider {
  readonly client = "nubitalk";
  readonly secret = "a secret of the client";
  issuer = "";
  /** The authentication contexts that were met, as conditional access names them. */
  contexts: string[] = [];
  readonly #dir = mkdtempSync(join(tmpdir(), "nubitalk-id-"));
  /** The file of its certificate. */
  readonly certificate = join(this.#dir, "cert.pem");
  #server: Server | undefined;
  #answer: RequestListener | undefined;

  async start(): Promise<void> {
    const key = join(this.#dir, "key.pem");
    execFileSync(
      "openssl",
      `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=id -addext subjectAltName=IP:127.0.0.1 -keyout ${key} -out ${this.certificate}`.split(
        " ",
      ),
      { stdio: "ignore" },
    );
    this.#server = createServer({ key: readFileSync(key), cert: readFileSync(this.certificate) }, (q, a) =>
      this.#answer ? this.#answer(q, a) : void a.writeHead(503).end(),
    );
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    this.issuer = `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Registers the one address to which it sends browsers back. Everybody is of the group "desk". */
  async register(redirect: string, signedOut = ""): Promise<void> {
    const { default: Provider } = await import("oidc-provider");
    const provider = new Provider(this.issuer, {
      clients: [
        {
          client_id: this.client,
          client_secret: this.secret,
          redirect_uris: [redirect],
          post_logout_redirect_uris: signedOut ? [signedOut] : [],
        },
      ],
      conformIdTokenClaims: false,
      claims: { openid: ["sub", "acrs"], profile: ["preferred_username", "groups"] },
      findAccount: (_: unknown, id: string) => ({
        accountId: id,
        claims: () => ({ sub: id, preferred_username: id, groups: ["desk"], acrs: this.contexts }),
      }),
    });
    this.#answer = provider.callback();
  }

  /** Somebody signs in on its page, and lets it tell who that is. */
  async signIn(page: Page, name: string): Promise<void> {
    await page.locator("input[name=login]").fill(name);
    await page.locator("input[name=password]").fill("x");
    await page.locator("button[type=submit]").click();
    await page.getByRole("button", { name: "Continue" }).click();
  }

  /** Somebody confirms on its page that its session there ends. */
  async signOut(page: Page): Promise<void> {
    await page.getByRole("button", { name: "Yes, sign me out" }).click();
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    this.#server?.close();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
