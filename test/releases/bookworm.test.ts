import { defineReleaseTests } from './define-tests';

defineReleaseTests('bookworm');
