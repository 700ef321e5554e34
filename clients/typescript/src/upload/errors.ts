/** Storage does not know this upload any more: its time is over, or it was removed. Uploading again starts from the beginning. */
export class UploadExpired extends Error {
  override readonly name = "UploadExpired";
}
