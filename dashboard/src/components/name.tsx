/** The same inside a text that takes no element: between FIRST STRONG and POP DIRECTIONAL ISOLATE. */
export function isolated(name: string): string {
  return `\u2068${name}\u2069`
}

/** What a person typed, as text; its direction of writing ends with it. */
export function Name({ children }: { children: string }) {
  return <bdi className="typed">{children}</bdi>
}
