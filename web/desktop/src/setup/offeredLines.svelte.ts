import { api, take } from "../api/client";
import type { OfferedLine, Trunk } from "../api/types";
import { blankTrunk } from "./trunkForm";

/** The operator's lines that this organisation's trunks may name, asked once a page. */
export class OfferedLines {
  list = $state.raw<OfferedLine[]>();

  constructor() {
    take(api.GET("/api/v1/trunks/lines", {})).then(
      ({ items }) => (this.list = items),
      () => undefined, // the page says what is wrong when it is saved
    );
  }

  of(name: string): OfferedLine | undefined {
    return this.list?.find((l) => l.name === name);
  }
}

/** Has a line carry a trunk, which then leaves the connection to it; without one it has its own again. */
export function carry(trunk: Trunk, line: OfferedLine | undefined): void {
  const had = trunk.line !== "";
  trunk.line = line?.name ?? "";
  if (!line) {
    if (had) {
      trunk.gateways = blankTrunk().gateways;
      trunk.password_remove = false;
    }
    return;
  }
  trunk.country = line.country;
  trunk.gateways = [];
  trunk.registration = { on: false };
  trunk.sources = [];
  trunk.srtp = [];
  trunk.username = trunk.password = "";
  trunk.allow_md5 = trunk.ask_password = false;
  trunk.password_remove = trunk.password_set;
  if (line.encryption === "required") trunk.encryption = "required";
}
