/** The side of a photo as it is kept. */
export const PIXELS = 128;

/** The middle of a picture, as a small square. It rejects what is no picture. */
export async function squareOf(file: Blob): Promise<Blob> {
  const whole = await createImageBitmap(file);
  const side = Math.min(whole.width, whole.height);
  const small = await createImageBitmap(
    whole,
    (whole.width - side) / 2,
    (whole.height - side) / 2,
    side,
    side,
    {
      resizeWidth: PIXELS,
      resizeHeight: PIXELS,
      resizeQuality: "high",
    },
  );
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = PIXELS;
  const into = canvas.getContext("2d")!;
  into.fillStyle = "white"; // behind what is transparent
  into.fillRect(0, 0, PIXELS, PIXELS);
  into.drawImage(small, 0, 0);
  whole.close();
  small.close();
  return await new Promise<Blob>((done, failed) =>
    canvas.toBlob((b) => (b ? done(b) : failed(new Error("no picture"))), "image/jpeg", 0.9),
  );
}
