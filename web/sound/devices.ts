// Microphones and loudspeakers of this browser.

/** Why there is no sound of a microphone. */
export type MicrophoneProblem =
  /** The person, or the system, does not allow it. */
  | "refused"
  /** There is none. */
  | "missing"
  /** Another program has it. */
  | "busy"
  /** The page was not loaded over HTTPS, so the browser gives none. */
  | "insecure";

export class NoMicrophone extends Error {
  constructor(readonly problem: MicrophoneProblem) {
    super(problem);
  }
}

/**
 * Opens a microphone; one that is not there any more is replaced by the usual
 * one. Fails with NoMicrophone.
 */
export async function microphone(id = ""): Promise<MediaStream> {
  // Absent on pages without HTTPS, whatever the type says.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices) throw new NoMicrophone("insecure");
  try {
    return await devices.getUserMedia({
      audio: {
        deviceId: id ? { ideal: id } : undefined,
        echoCancellation: true,
        noiseSuppression: true,
        autoGainControl: true,
      },
    });
  } catch (e) {
    throw new NoMicrophone(why(e));
  }
}

/** Opens the camera. Fails with NoMicrophone, as a microphone does. */
export async function camera(): Promise<MediaStream> {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices) throw new NoMicrophone("insecure");
  try {
    return await devices.getUserMedia({
      video: { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 24, max: 30 } },
    });
  } catch (e) {
    throw new NoMicrophone(why(e));
  }
}

function why(e: unknown): MicrophoneProblem {
  switch (e instanceof DOMException ? e.name : "") {
    case "NotAllowedError":
    case "SecurityError":
      return "refused";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    default:
      return "missing";
  }
}

/** Whether the microphone may be opened without asking the person. */
export async function allowed(): Promise<boolean> {
  try {
    return (await navigator.permissions.query({ name: "microphone" as PermissionName })).state === "granted";
  } catch {
    return false; // a browser that does not tell
  }
}

export interface Device {
  id: string;
  name: string;
}

/** All of a kind; they have names only once a microphone was allowed. */
export async function list(kind: "audioinput" | "audiooutput"): Promise<Device[]> {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  const all = (await devices?.enumerateDevices()) ?? [];
  return all
    .filter((d) => d.kind === kind && d.deviceId && d.label)
    .map((d) => ({ id: d.deviceId, name: d.label }));
}

/** Calls back when a device was plugged in or out; gives the end of that. */
export function watch(changed: () => void): () => void {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  devices?.addEventListener("devicechange", changed);
  return () => devices?.removeEventListener("devicechange", changed);
}
