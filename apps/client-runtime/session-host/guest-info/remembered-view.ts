// SPDX-License-Identifier: Apache-2.0
import type { GuestInfoView } from '../../local-api.ts'
import { encoded } from './requests.ts'
import { shown } from './shown.ts'

/** Of a desktop that is not open. */
export function rememberedView(values: ReadonlyMap<string, string>): GuestInfoView {
  return {
    values: [...values].map(([name, text]) => ({
      ...{ name, by: 'user' as const, given: false, bytes: Buffer.byteLength(text), shown: shown(text), base64: encoded(text) },
    })),
    refused: [],
  }
}
