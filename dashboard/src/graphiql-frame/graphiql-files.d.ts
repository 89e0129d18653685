/** Addresses of what `graphiql-files.ts` leaves in the build. */
declare module 'virtual:graphiql-files' {
  export const script: string
  export const style: string
  export const workers: Readonly<Record<string, string>>
}
