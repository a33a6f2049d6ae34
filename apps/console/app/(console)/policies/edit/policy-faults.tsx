'use client'
// SPDX-License-Identifier: Apache-2.0
import { Alert, Code, List, ListItem } from '@mantine/core'
import type { PolicyFault } from './use-checked-policy.ts'

/** What is wrong, where: field and line. */
export function PolicyFaults({ faults }: { readonly faults: readonly PolicyFault[] }) {
  if (faults.length === 0) return null
  return (
    <Alert color="red" variant="light" role="alert" title={faults.length === 1 ? 'One thing to put right' : `${faults.length} things to put right`}>
      <List size="sm" spacing={4}>
        {faults.map(({ field, message, line }) => (
          <ListItem key={`${field} ${message}`} className="long">
            {line === null ? '' : `Line ${line}: `}
            {field === '' ? null : (
              <>
                <Code>{field}</Code>{' '}
              </>
            )}
            {message}
          </ListItem>
        ))}
      </List>
    </Alert>
  )
}
