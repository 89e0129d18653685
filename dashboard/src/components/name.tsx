/** What a person typed, as text; its direction of writing ends with it. */
export function Name({ children }: { children: string }) {
  return <bdi className="typed">{children}</bdi>
}
