// SPDX-License-Identifier: Apache-2.0
import { Alert, Code, Text } from '@mantine/core'
import { faultSentence } from './fault-words.ts'

export interface Fault {
  /** Stable; people quote it. */
  readonly code: string
  readonly message: string
}

/** A refusal as a sentence, with its code. */
export function FaultAlert({ fault }: { readonly fault: Fault | null }) {
  if (fault === null) return null
  return (
    <Alert color="red" variant="light" role="alert" py="xs">
      <Text size="sm" className="long" style={{ whiteSpace: 'pre-wrap' }}>
        {faultSentence(fault)} <Code>{fault.code}</Code>
      </Text>
    </Alert>
  )
}
