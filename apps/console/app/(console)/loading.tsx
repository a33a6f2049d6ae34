// SPDX-License-Identifier: Apache-2.0
import { Skeleton, Stack, VisuallyHidden } from '@mantine/core'

export default function Loading() {
  return (
    <Stack aria-busy>
      <VisuallyHidden>Loading</VisuallyHidden>
      <Skeleton h={30} w={220} />
      <Skeleton h={180} />
    </Stack>
  )
}
