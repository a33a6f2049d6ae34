// SPDX-License-Identifier: Apache-2.0
//
// A copy of an overlay under another key: what was written over the base, and nothing of the base. Both are opened over a disk of zeros, with
// which `qemu-img` keeps three things apart: not written, which stays so; zeros that were written, which hide the base; and data.
import { EngineError } from '../error.ts'
import { convertInto, makeOverlay } from './overlay.ts'
import { passphraseOf } from './passphrase.ts'
import { readOverlayHeader } from './qcow2-header.ts'

interface KeyedFile {
  readonly file: string
  /** 32 bytes. */
  readonly key: Uint8Array
}

const inside = '/vm/source.qcow2'

/**
 * `target` must not exist; of `source` nothing is changed.
 * @throws EngineError as `createFilledOverlay`; `overlay-altered`; `overlay-mismatch` under another key; `overlay-in-use` while a VM has it open.
 */
export async function cloneOverlay(source: KeyedFile, target: KeyedFile): Promise<void> {
  const { sizeBytes } = await readOverlayHeader(source.file)
  const below = `,backing.driver=null-co,backing.size=${sizeBytes},backing.read-zeroes=on`
  const from = `driver=qcow2,file.driver=file,file.filename=${inside},encrypt.format=luks,encrypt.key-secret=source-key${below}`
  const secret = passphraseOf(source.key)
  try {
    await makeOverlay({ ...target, sizeBytes }, async (part, passphrase) => {
      // With `-B` it copies what lies over the backing; what that names is not opened, since the image is there.
      const options = ['-B', 'null-co://']
      await convertInto(part, passphrase, { file: { host: source.file, inside }, options, from, secret, below })
    })
  } catch (error) {
    throw explained(error)
  } finally {
    secret.fill(0)
  }
}

function explained(error: unknown): unknown {
  if (!(error instanceof EngineError) || error.code !== 'image-failed') return error
  if (/Invalid password, cannot unlock any keyslot/.test(error.message)) {
    return new EngineError('overlay-mismatch', 'the overlay does not open under this key', error)
  }
  if (/Failed to get (shared )?"(write|consistent read)" lock/.test(error.message)) {
    return new EngineError('overlay-in-use', 'another process holds the overlay open', error)
  }
  return error
}
