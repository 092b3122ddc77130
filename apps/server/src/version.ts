/** Of this software. A test holds it against package.json, which a build does not carry. */
export const version = '0.1.0';
