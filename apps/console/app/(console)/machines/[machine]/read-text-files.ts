// SPDX-License-Identifier: Apache-2.0

/** Of one file; the console's own limit is below it, this one only keeps a disk image out of the page. */
const mostBytes = 1_048_576

export interface ReadTexts {
  readonly texts: readonly { readonly name: string; readonly text: string }[]
  /** Why a file is not among them; null: all are. */
  readonly refused: string | null
}

/** Chosen files as text, byte for byte: what is no UTF-8 is left out and named. */
export async function readTextFiles(chosen: readonly File[]): Promise<ReadTexts> {
  const [texts, refused]: [{ name: string; text: string }[], string[]] = [[], []]
  for (const file of chosen) {
    if (file.size > mostBytes) refused.push(`\`${file.name}\` is too large`)
    else {
      try {
        texts.push({ name: file.name, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await file.arrayBuffer()) })
      } catch {
        refused.push(`\`${file.name}\`: expected UTF-8, found other bytes`)
      }
    }
  }
  return { texts, refused: refused.length === 0 ? null : refused.join('; ') }
}
