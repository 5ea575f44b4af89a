// Makes any picture that the browser shows into what is taken as a logo: a PNG of
// true colour that fits, in base64.
const width = 480;
const height = 160;
const most = 64 << 10; // bytes

/** Fails with the reason, a key of the page's messages. */
export async function logoOf(file: Blob): Promise<string> {
  const address = URL.createObjectURL(file);
  try {
    const picture = new Image();
    picture.src = address;
    try {
      await picture.decode();
    } catch {
      throw new Refused("notPicture");
    }
    if (!picture.naturalWidth || !picture.naturalHeight) throw new Refused("notPicture");
    let scale = Math.min(1, width / picture.naturalWidth, height / picture.naturalHeight);
    for (;;) {
      const canvas = document.createElement("canvas");
      canvas.width = Math.round(picture.naturalWidth * scale);
      canvas.height = Math.round(picture.naturalHeight * scale);
      if (canvas.width < 16 || canvas.height < 16) throw new Refused("tooSmall");
      canvas.getContext("2d")!.drawImage(picture, 0, 0, canvas.width, canvas.height);
      const png = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
      if (!png) throw new Refused("notPicture");
      if (png.size <= most) return base64(new Uint8Array(await png.arrayBuffer()));
      scale *= 0.85;
    }
  } finally {
    URL.revokeObjectURL(address);
  }
}

export class Refused extends Error {
  constructor(readonly why: "notPicture" | "tooSmall") {
    super(why);
  }
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
