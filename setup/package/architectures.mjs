// The processors for which packages are made: their names in Node's builds, in Debian's packages and in RPM's.
export const architectures = {
  amd64: { node: 'x64', deb: 'amd64', rpm: 'x86_64' },
  arm64: { node: 'arm64', deb: 'arm64', rpm: 'aarch64' },
};
