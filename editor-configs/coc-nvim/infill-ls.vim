" Keys for infill-ls in coc.nvim, as they are in Neovim's own client; <C-y> and <C-e> accept and
" cancel anyway. Not driven by the tests: written after :help coc-inlineCompletion.
inoremap <silent><expr> <C-l> coc#inline#visible() ? coc#inline#accept() : "\<C-l>"
inoremap <silent><expr> <C-g>w coc#inline#accept('word')
inoremap <silent><expr> <C-g>l coc#inline#accept('line')
inoremap <silent><expr> <C-g>n coc#inline#next()
inoremap <silent><expr> <C-g>p coc#inline#prev()
inoremap <silent><expr> <C-g><Space> coc#inline#trigger()
inoremap <silent> <C-g>t <Cmd>CocCommand infill-ls.toggle<CR>
