(* Under node the command; in a browser, and for programs, the function certifyKernel of a text, whose
   result is the lines that the command prints. *)
external export : (string -> string) -> unit = "certify_export"

let answer text =
  let lines = ref [] in
  let print line = lines := line :: !lines in
  (match Judge.judge Judge.default print text with
   | (_ : bool) -> ()
   | exception error ->
     match Judge.refusal error with
     | None -> raise error
     | Some (what, _) -> print ("certify-kernel: " ^ what));
  String.concat "\n" (List.rev !lines)

let () = if Array.length Sys.argv > 1 then Command.run () else export answer
