/** The words of licences by which they are known, as they stand in their texts. */
export const text = {
  MIT: `MIT License

Copyright (c) 2026 Somebody

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction`,
  ISC: `Copyright (c) 2026 Somebody

Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby
granted, provided that the above copyright notice and this permission notice appear in all copies.`,
  '0BSD': `Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is
hereby granted.

THE SOFTWARE IS PROVIDED "AS IS"`,
  'BSD-2-Clause': `Redistribution and use in source and binary forms, with or without modification, are permitted
provided that the following conditions are met:

1. Redistributions of source code must retain the above copyright notice`,
  'BSD-3-Clause': `Redistribution and use in source and binary forms, with or without modification, are permitted
provided that the following conditions are met:

3. Neither the name of the copyright holder nor the names of its contributors may be used to endorse or promote
products derived from this software without specific prior written permission.`,
  'Apache-2.0': `                                 Apache License
                           Version 2.0, January 2004
                        http://www.apache.org/licenses/`,
  'Apache-2.0 WITH LLVM-exception': `                                 Apache License
                           Version 2.0, January 2004

--- LLVM Exceptions to the Apache 2.0 License ----

As an exception, if, as a result of your compiling your source code, portions of this Software are embedded`,
  'MPL-2.0': `Mozilla Public License Version 2.0
==================================`,
  'GPL-2.0-only': `                    GNU GENERAL PUBLIC LICENSE
                       Version 2, June 1991`,
  'GPL-3.0-only': `                    GNU GENERAL PUBLIC LICENSE
                       Version 3, 29 June 2007`,
  'AGPL-3.0-only': `                    GNU AFFERO GENERAL PUBLIC LICENSE
                       Version 3, 19 November 2007`,
  'LGPL-2.1-only': `                  GNU LESSER GENERAL PUBLIC LICENSE
                       Version 2.1, February 1999`,
  'LGPL-3.0-only': `                   GNU LESSER GENERAL PUBLIC LICENSE
                       Version 3, 29 June 2007

  This version of the GNU Lesser General Public License incorporates
the terms and conditions of version 3 of the GNU General Public
License, supplemented by the additional permissions listed below.`,
  'EPL-2.0': `Eclipse Public License - v 2.0`,
  'BlueOak-1.0.0': `# Blue Oak Model License

Version 1.0.0`,
  'CC0-1.0': `Creative Commons Legal Code

CC0 1.0 Universal`,
  Unlicense: `This is free and unencumbered software released into the public domain.`,
} as const
