/**
 * A script for the page: it finds every text whose contrast with its background is below 4.5:1, by the formula of
 * WCAG 2.2 (relative luminance).
 */
export const lowContrasts = `(() => {
  const numbers = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = (color) => {
    const [r, g, b] = numbers(color).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (numbers(color)[3] !== 0) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const low = new Set();
  for (const element of document.querySelectorAll('body *')) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
    if (!hasText || !element.checkVisibility()) continue;
    const [one, other] = [getComputedStyle(element).color, behind(element)];
    const [dark, bright] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    const ratio = (bright + 0.05) / (dark + 0.05);
    if (!(ratio >= 4.5)) low.add(element.tagName + '.' + element.className + ': ' + one + ' on ' + other);
  }
  return [...low];
})()`;
