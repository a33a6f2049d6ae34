// SPDX-License-Identifier: Apache-2.0
import { parseStrictJson } from '@casemate/policy/strict-json'
import { stringify } from 'yaml'

/** A target for people: the same document, one member a line. What is no JSON is shown as the text that it is. @param bytes base64 */
export function readableText(bytes: string): string {
  const text = Buffer.from(bytes, 'base64').toString('utf8')
  try {
    return stringify(parseStrictJson(text, { maxBytes: 4_194_304, maxDepth: 16 }), { lineWidth: 100 }).trimEnd()
  } catch {
    return text
  }
}
