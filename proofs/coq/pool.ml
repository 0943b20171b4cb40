(* Answers of several processes. *)

(* [answers n count f]: for each of 0 .. count - 1 whether [f] of it is known to be true.  [n] copies
   of this process take numbers from one pipe and write those that are true to another; nobody takes
   another number after one that is not.  A copy that dies leaves answers out, which counts as false. *)
let answers n count f =
  if n <= 1 || count <= 1 then begin
    let known = Array.make count false in
    let rec from i = if i < count && f i then (known.(i) <- true; from (i + 1)) in
    from 0;
    known
  end else begin
    let numbers_out, numbers_in = Unix.pipe () and true_out, true_in = Unix.pipe () in
    let record i = let b = Bytes.create 4 in Bytes.set_int32_le b 0 (Int32.of_int i); b in
    let number b = Int32.to_int (Bytes.get_int32_le b 0) in
    let next from = let b = Bytes.create 4 in if Unix.read from b 0 4 = 4 then Some (number b) else None in
    let rec drain () = match next numbers_out with Some _ -> drain () | None -> () in
    let rec work () =
      match next numbers_out with
      | None -> ()
      | Some i -> if f i then (ignore (Unix.write true_in (record i) 0 4); work ()) else drain () in
    let worker _ =
      match Unix.fork () with
      | 0 ->
        Unix.close numbers_in;
        Unix.close true_out;
        (try work () with _ -> Unix._exit 1);
        Unix._exit 0
      | child -> child in
    let children = List.map worker (List.init (min n count) Fun.id) in
    Unix.close numbers_out;
    Unix.close true_in;
    (* the numbers are fewer than what a pipe holds: see [main.ml] *)
    Sys.set_signal Sys.sigpipe Sys.Signal_ignore;
    (try for i = 0 to count - 1 do ignore (Unix.write numbers_in (record i) 0 4) done
     with Unix.Unix_error (Unix.EPIPE, _, _) -> () (* all copies died *));
    Unix.close numbers_in;
    let known = Array.make count false in
    let rec collect () =
      match next true_out with Some i -> known.(i) <- true; collect () | None -> () in
    collect ();
    Unix.close true_out;
    let ended child = snd (Unix.waitpid [] child) = Unix.WEXITED 0 in
    if List.for_all Fun.id (List.map ended children) then known else Array.make count false
  end
