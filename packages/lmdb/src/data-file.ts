/** TODO */
export function checkDataFile(folder: string, text: string): void {
  void folder;
  void text;
}
export function closedState(folder: string): string {
  void folder;
  return 'closed\n';
}
