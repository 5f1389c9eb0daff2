// What outlives the page: per site and channel. Where storage is forbidden, memory has to do.
class Store {
  constructor(prefix) {
    this.prefix = prefix;
    this.memory = new Map();
  }

  area(name) {
    try {
      return window[name];
    } catch {
      return null;
    }
  }

  get(key, area = "localStorage") {
    if (this.memory.has(key)) return this.memory.get(key);
    try {
      return JSON.parse(this.area(area)?.getItem(this.prefix + key) ?? null);
    } catch {
      return null;
    }
  }

  set(key, value, area = "localStorage") {
    if (value === null) this.memory.delete(key);
    else this.memory.set(key, value);
    try {
      if (value === null) this.area(area)?.removeItem(this.prefix + key);
      else this.area(area)?.setItem(this.prefix + key, JSON.stringify(value));
      if (this.area(area)) this.memory.delete(key);
    } catch {
      // Storage is full or forbidden: memory has it.
    }
  }

  // Calls back with the key when another window of this site changes something.
  watch(changed) {
    const listener = ({ key }) => {
      if (key === null) changed("token");
      else if (key.startsWith(this.prefix)) changed(key.slice(this.prefix.length));
    };
    addEventListener("storage", listener);
    return () => removeEventListener("storage", listener);
  }
}

const uuid = () => {
  if (crypto.randomUUID) return crypto.randomUUID();
  // Pages without TLS have no randomUUID.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
};
