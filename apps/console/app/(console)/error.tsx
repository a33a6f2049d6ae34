'use client'
// SPDX-License-Identifier: Apache-2.0
import { Button, Stack, Text, Title } from '@mantine/core'

/** For what nobody foresaw; a refusal of the console is shown by its page itself. */
export default function PageFailed({ error, reset }: { readonly error: Error & { readonly digest?: string }; readonly reset: () => void }) {
  return (
    <Stack align="flex-start" role="alert">
      <Title order={1}>This page has failed</Title>
      <Text>The console’s log says why{error.digest === undefined ? '' : ` under ${error.digest}`}. Nothing was changed by showing it.</Text>
      <Button onClick={reset}>Try again</Button>
    </Stack>
  )
}
